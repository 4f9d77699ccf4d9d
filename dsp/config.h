// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_CONFIG_H
#define UB_DSP_CONFIG_H

/**
   @file
   What a separator can be asked to be.
*/

#include "dsp/separator.h"

#define UB_MAX_TIMINGS 8

/// Whether a separator can be made so; if not, one line in err says why.
bool ub_config_fits(const ub_separator_config* config, char* err, size_t err_size);

#endif // UB_DSP_CONFIG_H
