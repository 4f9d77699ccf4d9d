// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_AGREE_H
#define UB_MODEL_ENGINE_AGREE_H

/**
   @file
   Whether a device that nobody has asked for may compute what the processor could: it must work
   and give the same mask of a chunk.  How long either takes is not looked at, so that the same
   machine computes the same samples on any load.
*/

#include "model/backend/backend.h"

#define UB_AGREE_SNR 45.0 ///< dB, to which the masks must agree

/// Let the device and a processor compute a chunk of noise.  Takes as long as it takes to make
/// both ready.
/// @param processors [n], best first; the first that can run the model is the one
/// @param why One line on what was found
bool ub_agree(const ub_model* model, const ub_backend* device, const ub_backend* const* processors,
              uint32_t n, char* why, size_t why_size);

#endif // UB_MODEL_ENGINE_AGREE_H
