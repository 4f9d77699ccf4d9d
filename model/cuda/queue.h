// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_QUEUE_H
#define UB_CUDA_QUEUE_H

/**
   @file
   Buffers, plans and streams of one worker.
*/

#include "model/cuda/plan.h"

#define UB_CUDA_PLANS 64

struct ub_cuda_queue_s {
    ub_cuda_model* model;
    bool fused;
    bool lost;
    cudaStream_t stream[2]; ///< For what can wait, for what is urgent
    cudaEvent_t done;
    cudnnHandle_t cudnn;
    void* workspace;
    ub_cuda_buffers buffers;
    int plans;
    ub_cuda_plan plan[UB_CUDA_PLANS];
};

ub_cuda_queue* ub_cuda_queue_new(ub_cuda_model* model, int fused, char* err);
void ub_cuda_queue_free(ub_cuda_queue* queue);
int ub_cuda_lost(const ub_cuda_queue* queue);
void ub_cuda_abandon(ub_cuda_queue* queue);
int ub_cuda_prepare(ub_cuda_queue* queue, const ub_cuda_program* program, uint32_t n, char* err);
uint32_t ub_cuda_fused_convs(const ub_cuda_queue* queue, int plan);
int ub_cuda_run(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n, int urgent,
                double timeout, char* err);

/// Wait until all work on a stream is done, for at most `timeout` seconds.  The queue is lost
/// if that fails.
bool ub_cuda_wait(ub_cuda_queue* queue, cudaStream_t stream, double timeout, char* err);

#endif // UB_CUDA_QUEUE_H
