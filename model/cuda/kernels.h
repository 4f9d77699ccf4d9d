// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_KERNELS_H
#define UB_CUDA_KERNELS_H

/**
   @file
   The kernels around the convolutions.  All pointers are the device's; launches return at
   once.  Values are of the precision given.
*/

#include "model/cuda/abi.h"

#include <cuda_runtime_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All images of a queue, [items][frames][bins][channels] each. */
typedef struct {
    void* at[UB_CUDA_LAYERS];
} ub_cuda_image_list;

/// Floats to values of a precision of 16 bits
cudaError_t ub_cuda_launch_convert(ub_cuda_precision precision, const float* from, void* to,
                                   size_t n, cudaStream_t stream);

/// Inputs, [slots][channels][frames][bins], to the first image of n items; slot: [items]
cudaError_t ub_cuda_launch_load(ub_cuda_precision precision, const ub_cuda_program* program,
                                const uint32_t* slot, const float* input, void* image, size_t n,
                                cudaStream_t stream);

/// What becomes of a layer's convolutions' outputs, to all its targets.
/// `points` is how many they are; finish: [items][program.finish].
cudaError_t ub_cuda_launch_finish(ub_cuda_precision precision, const ub_cuda_program* program,
                                  uint32_t layer, size_t points, const float* finish,
                                  const void* raw, const ub_cuda_image_list* images, float* mask,
                                  uint32_t n, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif // UB_CUDA_KERNELS_H
