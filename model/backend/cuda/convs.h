// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CUDA_CONVS_H
#define UB_MODEL_BACKEND_CUDA_CONVS_H

/**
   @file
   The convolutions that a layer of a program is computed by.
*/

#include "model/cuda/abi.h"
#include "model/network/steps.h"

/// Put the convolutions of a layer's frames `out` into an empty layer of a program.
/// @param weights Number of its first weight tensor.
/// @return The frames of its input that they read, which may be more than are used.
ub_span ub_cuda_add_convs(ub_cuda_layer* to, const ub_layer* layer, ub_span out, uint32_t weights);

#endif // UB_MODEL_BACKEND_CUDA_CONVS_H
