// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_WEIGHTS_H
#define UB_CUDA_WEIGHTS_H

/**
   @file
   A model's weights on the device.
*/

#include "model/cuda/abi.h"

struct ub_cuda_model_s {
    ub_cuda_precision precision;
    uint32_t n;
    void* weights[UB_CUDA_LAYERS * UB_CUDA_PHASES]; ///< Of the precision; NULL for an empty one
};

/// Bytes of a value
size_t ub_cuda_value_size(ub_cuda_precision precision);

ub_cuda_model* ub_cuda_model_new(const ub_cuda_weights* weights, uint32_t n,
                                 ub_cuda_precision precision, char* err);
void ub_cuda_model_free(ub_cuda_model* model);

#endif // UB_CUDA_WEIGHTS_H
