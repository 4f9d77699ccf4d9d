// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_CONV_H
#define UB_CUDA_CONV_H

/**
   @file
   One convolution by cuDNN's legacy functions.
*/

#include "model/cuda/abi.h"

#include <cudnn.h>
#include <stdbool.h>

#define UB_CUDA_WORKSPACE ((size_t)256 << 20) ///< Bytes that a convolution may use

/** A convolution of n items. */
typedef struct {
    ub_cuda_precision precision;
    const ub_cuda_image* image; ///< That it reads
    const ub_cuda_conv* conv;
    uint32_t n;
    const void* in; ///< The image, [n][frames][bins][channels]
    const void* weights;
    void* out; ///< [n][out frames][out bins][filters]
} ub_cuda_conv_task;

/// How cuDNN calls the values of a precision
cudnnDataType_t ub_cuda_data_type(ub_cuda_precision precision);

/// Launch with the first algorithm of cuDNN's ranking that has room and works.
bool ub_cuda_conv_launch(cudnnHandle_t cudnn, const ub_cuda_conv_task* task, void* workspace,
                         char* err);

#endif // UB_CUDA_CONV_H
