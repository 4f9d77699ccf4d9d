// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_STATUS_H
#define UB_CUDA_STATUS_H

/**
   @file
   Whether a call worked; if not, the reason goes to err (UB_CUDA_TEXT).
*/

#include "model/cuda/abi.h"

#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <stdbool.h>
#include <stdio.h>

static inline bool
ub_cuda_worked(cudaError_t status, char* err)
{
    if (status != cudaSuccess) {
        snprintf(err, UB_CUDA_TEXT, "CUDA: %s", cudaGetErrorString(status));
    }
    return status == cudaSuccess;
}

static inline bool
ub_cudnn_worked(cudnnStatus_t status, char* err)
{
    if (status != CUDNN_STATUS_SUCCESS) {
        snprintf(err, UB_CUDA_TEXT, "cuDNN: %s", cudnnGetErrorString(status));
    }
    return status == CUDNN_STATUS_SUCCESS;
}

#endif // UB_CUDA_STATUS_H
