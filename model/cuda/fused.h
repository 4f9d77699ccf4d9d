// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_FUSED_H
#define UB_CUDA_FUSED_H

/**
   @file
   A convolution with its scale, shift and activation in one kernel, by cuDNN's graph API.
*/

#include "model/cuda/conv.h"
#include "model/cuda/direct.h"

typedef struct ub_cuda_fused_s ub_cuda_fused;

/** A convolution that writes straight into an image. */
typedef struct {
    ub_cuda_precision precision;
    const ub_cuda_program* program;
    uint32_t layer;
    uint32_t conv; ///< Number in the layer
    uint32_t n;    ///< Items
} ub_cuda_fused_task;

/** The addresses that it works with; they may change between launches. */
typedef struct {
    void* in;  ///< The layer's image
    void* out; ///< The first target's image
    void* weights;
    float* finish; ///< [n][program.finish]
    void* workspace;
} ub_cuda_fused_data;

/// Ask cuDNN for an engine, which takes long.  NULL if it has none.
ub_cuda_fused* ub_cuda_fused_new(cudnnHandle_t cudnn, const ub_cuda_fused_task* task);

void ub_cuda_fused_free(ub_cuda_fused* self);

bool ub_cuda_fused_launch(const ub_cuda_fused* self, cudnnHandle_t cudnn,
                          const ub_cuda_fused_data* data, char* err);

#endif // UB_CUDA_FUSED_H
