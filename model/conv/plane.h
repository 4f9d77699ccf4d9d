// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_PLANE_H
#define UB_MODEL_CONV_PLANE_H

/**
   @file
   Convolutions of stride 1 whose outputs are planes: a mask's last layer, which has few
   channels and may be dilated.  What lies side by side in a vector are bins, not filters.
*/

#include "model/conv/pack.h"

/// Whether a layer is computed so
bool ub_conv_is_swept(const ub_layer* layer, bool planes);

/// Bytes of scratch memory
size_t ub_conv_sweep_scratch(const ub_conv* conv);

/// Compute the frames `rows` of a job's outputs
void ub_conv_sweep(const ub_conv* conv, const ub_conv_job* job, ub_span rows, void* scratch);

#endif // UB_MODEL_CONV_PLANE_H
