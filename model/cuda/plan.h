// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_PLAN_H
#define UB_CUDA_PLAN_H

/**
   @file
   A program made ready: a graph for each batch size, and what they are captured from.
*/

#include "model/cuda/buffers.h"
#include "model/cuda/fused.h"
#include "model/cuda/weights.h"

#define UB_CUDA_SIZES 12

/// Batch sizes that graphs are made for, rising; a run takes the next that is large enough
extern const uint32_t ub_cuda_sizes[UB_CUDA_SIZES];

/// The number of the smallest size for n items
size_t ub_cuda_size_for(uint32_t n);

typedef struct {
    const ub_cuda_program* program;
    ub_cuda_program* on_device;
    uint32_t items; ///< That it is to be ready for
    cudaGraphExec_t graph[UB_CUDA_SIZES];
    ub_cuda_fused** fused[UB_CUDA_SIZES]; ///< [layers][UB_CUDA_PHASES], or NULL
} ub_cuda_plan;

/** What a plan is launched with. */
typedef struct {
    const ub_cuda_model* model;
    const ub_cuda_buffers* buffers;
    cudnnHandle_t cudnn;
    void* workspace;
    cudaStream_t stream; ///< The handle's, too
} ub_cuda_site;

bool ub_cuda_plan_init(ub_cuda_plan* plan, const ub_cuda_program* program, char* err);

/// Graphs hold the addresses of buffers: let go of them before those change.
void ub_cuda_plan_drop_graphs(ub_cuda_plan* plan);

void ub_cuda_plan_clear(ub_cuda_plan* plan);

/// Look for fused convolutions for a size.  False: no memory.
bool ub_cuda_plan_fuse(ub_cuda_plan* plan, size_t size, const ub_cuda_site* site, char* err);

/// Fused convolutions of a size
uint32_t ub_cuda_plan_fused(const ub_cuda_plan* plan, size_t size);

/// Put all work of a size on the stream, from inputs to masks in pinned memory.
bool ub_cuda_plan_launch(const ub_cuda_plan* plan, size_t size, const ub_cuda_site* site,
                         char* err);

/// Capture that as the size's graph.
bool ub_cuda_plan_capture(ub_cuda_plan* plan, size_t size, const ub_cuda_site* site, char* err);

#endif // UB_CUDA_PLAN_H
