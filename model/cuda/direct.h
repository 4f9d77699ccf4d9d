// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_DIRECT_H
#define UB_CUDA_DIRECT_H

/**
   @file
   Where a convolution reads and writes if it puts its outputs straight into the image
   that they belong in, without the raw buffer between.  Pairs are [frames, bins].
*/

#include "model/cuda/abi.h"

#include <stdbool.h>

typedef struct {
    uint32_t in_first[2]; ///< Of the layer's image
    uint32_t in_size[2];
    uint32_t pad[2][2];    ///< Zeros, [axis][before, after]
    uint32_t out_first[2]; ///< Of the target's image
    uint32_t out_step[2];
    uint32_t out_size[2];
} ub_cuda_direct;

/// Whether all of a layer's convolutions can write straight into its first target, whose
/// values are then copied to the others
bool ub_cuda_is_direct(const ub_cuda_program* program, uint32_t layer);

/// How convolution k of such a layer does
ub_cuda_direct ub_cuda_direct_of(const ub_cuda_layer* layer, uint32_t k);

#endif // UB_CUDA_DIRECT_H
