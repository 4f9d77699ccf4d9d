// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CUDA_PROGRAM_H
#define UB_MODEL_BACKEND_CUDA_PROGRAM_H

/**
   @file
   A network's steps as a program of convolutions for unbraid_cuda.so.
*/

#include "model/cuda/abi.h"
#include "model/network/model.h"
#include "model/backend/cuda/phases.h"

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

/// The program for some frames of a mask.  Free with free().  NULL: no memory.
ub_cuda_program* ub_cuda_program_new(const ub_steps* steps, ub_span mask);

/** All convolutions' weights, numbered as programs do. */
typedef struct {
    uint32_t n;
    ub_cuda_weights tensor[UB_CUDA_LAYERS * UB_CUDA_PHASES];
} ub_cuda_weight_list;

/// NULL: no memory.
ub_cuda_weight_list* ub_cuda_weights_new(const ub_steps* steps);
void ub_cuda_weights_free(ub_cuda_weight_list* list);

/// Lay out a condition's numbers as programs want them, [program.finish]
void ub_cuda_finish_values(const ub_steps* steps, const ub_folded* folded, float* out);

/// Values that ub_cuda_finish_values writes
uint32_t ub_cuda_finish_size(const ub_steps* steps);

#endif // UB_MODEL_BACKEND_CUDA_PROGRAM_H
