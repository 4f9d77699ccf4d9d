// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CUDA_WEIGHTS_H
#define UB_MODEL_BACKEND_CUDA_WEIGHTS_H

/**
   @file
   A network's weights as unbraid_cuda.so takes them.
*/

#include "model/cuda/abi.h"
#include "model/network/steps.h"

/** All convolutions' weights, numbered as programs do. */
typedef struct {
    uint32_t n;
    ub_cuda_weights tensor[UB_CUDA_LAYERS * UB_CUDA_PHASES];
} ub_cuda_weight_list;

/// NULL: no memory.
ub_cuda_weight_list* ub_cuda_weights_new(const ub_steps* steps);
void ub_cuda_weights_free(ub_cuda_weight_list* list);

#endif // UB_MODEL_BACKEND_CUDA_WEIGHTS_H
