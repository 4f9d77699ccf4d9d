// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CUDA_UP_H
#define UB_MODEL_BACKEND_CUDA_UP_H

/**
   @file
   In which of several ways unbraid_cuda.so is to compute a layer.
*/

#include "model/network/network.h"

/** How a transposed convolution is computed. */
typedef enum {
    UB_UP_GRADIENT, ///< As the gradient of a strided one: one convolution, no wasted sums
    UB_UP_GROUPED,  ///< All its phases by one convolution of stride 1, with some zero taps
    UB_UP_PHASES    ///< Each phase by a convolution of its own
} ub_cuda_up;

/// Whether UNBRAID_CUDA_CONV asks for fused convolutions ("fused") or not ("legacy", and so it
/// is without).  They are not the rule, for no device has shown that they are faster, and it
/// takes cuDNN long to make each.
bool ub_cuda_wants_fused(void);

/// What UNBRAID_CUDA_UP asks for ("gradient", "grouped" or "phases"), so that a device can
/// be measured with each; else gradient or, of fused convolutions, phases, which alone can be;
/// but grouped where all phases fill no more lanes than one.
ub_cuda_up ub_cuda_choose_up(const ub_layer* layer);

/// Weight tensors that a layer's convolutions have between them
uint32_t ub_cuda_tensors(const ub_layer* layer);

/// Channels with those that fill the last lane
uint32_t ub_cuda_padded(uint32_t channels);

#endif // UB_MODEL_BACKEND_CUDA_UP_H
