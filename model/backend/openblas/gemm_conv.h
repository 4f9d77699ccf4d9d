// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_OPENBLAS_GEMM_CONV_H
#define UB_MODEL_BACKEND_OPENBLAS_GEMM_CONV_H

/**
   @file
   Convolution of a float image [frames][bins][channels] by matrix products:
   blocks of pixels are spread out with all that their kernels see ("im2col")
   and multiplied by the weights.
*/

#include "model/backend/conv_shape.h"
#include "model/conv/pixels.h"

/// Values of scratch memory that each thread needs
size_t ub_gemm_scratch(const ub_conv_shape* shape);

/// Weights [filters][inputs][kernel frames][kernel bins] as the matrix
/// [kernel frames][kernel bins][inputs][filters] that ub_gemm_conv() takes
void ub_gemm_pack(const ub_conv_shape* shape, const float* weights, float* out);

/**
   Convolve, on all OpenMP threads.

   @param finish What follows, or NULL for raw output.
   @param out [frames][bins][filters].
   @param scratch One for each thread, `scratch_step` values apart.
*/
void ub_gemm_conv(const ub_conv_shape* shape, const float* weights, const float* src,
                  const ub_finish* finish, float* out, float* scratch, size_t scratch_step);

#endif // UB_MODEL_BACKEND_OPENBLAS_GEMM_CONV_H
