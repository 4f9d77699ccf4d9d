// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/queue.h"

#include "model/cuda/status.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_TIMEOUT 20.0 // s: a first run loads code, or compiles it for a device newer than that

static bool
make_streams(ub_cuda_queue* queue, char* err)
{
    int least = 0;
    int greatest = 0; // a lower number
    return ub_cuda_worked(cudaDeviceGetStreamPriorityRange(&least, &greatest), err) &&
           ub_cuda_worked(
               cudaStreamCreateWithPriority(&queue->stream[0], cudaStreamNonBlocking, least),
               err) &&
           ub_cuda_worked(
               cudaStreamCreateWithPriority(&queue->stream[1], cudaStreamNonBlocking, greatest),
               err) &&
           ub_cuda_worked(cudaEventCreateWithFlags(&queue->done, cudaEventDisableTiming), err);
}

ub_cuda_queue*
ub_cuda_queue_new(ub_cuda_model* model, int fused, char* err)
{
    ub_cuda_queue* queue = (ub_cuda_queue*)calloc(1, sizeof(ub_cuda_queue));
    if (!queue) {
        snprintf(err, UB_CUDA_TEXT, "out of memory");
        return NULL;
    }
    queue->model = model;
    queue->fused = fused && model->precision != UB_CUDA_F32; // whose engines round to TF32
    if (!make_streams(queue, err) || !ub_cudnn_worked(cudnnCreate(&queue->cudnn), err) ||
        !ub_cudnn_worked(cudnnSetStream(queue->cudnn, queue->stream[0]), err) ||
        !ub_cuda_worked(cudaMalloc(&queue->workspace, UB_CUDA_WORKSPACE), err)) {
        ub_cuda_queue_free(queue);
        return NULL;
    }
    return queue;
}

void
ub_cuda_queue_free(ub_cuda_queue* queue)
{
    for (int i = 0; i < queue->plans; ++i) {
        ub_cuda_plan_clear(&queue->plan[i]);
    }
    ub_cuda_buffers_clear(&queue->buffers);
    cudaFree(queue->workspace);
    if (queue->cudnn) {
        cudnnDestroy(queue->cudnn);
    }
    if (queue->done) {
        cudaEventDestroy(queue->done);
    }
    for (int i = 0; i < 2; ++i) {
        if (queue->stream[i]) {
            cudaStreamDestroy(queue->stream[i]);
        }
    }
    free(queue);
}

int
ub_cuda_lost(const ub_cuda_queue* queue)
{
    return queue->lost;
}

/// The host's part alone: pinned memory and all else belong to a device that may not answer
void
ub_cuda_abandon(ub_cuda_queue* queue)
{
    for (int i = 0; i < queue->plans; ++i) {
        for (size_t k = 0; k < UB_CUDA_SIZES; ++k) {
            free(queue->plan[i].fused[k]);
        }
    }
    free(queue);
}

static ub_cuda_plan*
find_plan(ub_cuda_queue* queue, const ub_cuda_program* program, char* err)
{
    for (int i = 0; i < queue->plans; ++i) {
        if (queue->plan[i].program == program) {
            return &queue->plan[i];
        }
    }
    if (queue->plans == UB_CUDA_PLANS) {
        snprintf(err, UB_CUDA_TEXT, "more than %d programs", UB_CUDA_PLANS);
        return NULL;
    }
    ub_cuda_plan* plan = &queue->plan[queue->plans];
    if (!ub_cuda_plan_init(plan, program, err)) {
        return NULL;
    }
    ++queue->plans;
    return plan;
}

/// Once as it is, which loads all code, then as a graph
static bool
make_graph(ub_cuda_queue* queue, ub_cuda_plan* plan, size_t size, char* err)
{
    const ub_cuda_site site = {.model = queue->model,
                               .buffers = &queue->buffers,
                               .cudnn = queue->cudnn,
                               .workspace = queue->workspace,
                               .stream = queue->stream[0]};
    return (!queue->fused || plan->fused[size] || ub_cuda_plan_fuse(plan, size, &site, err)) &&
           ub_cuda_plan_launch(plan, size, &site, err) &&
           ub_cuda_wait(queue, site.stream, FIRST_TIMEOUT, err) &&
           ub_cuda_plan_capture(plan, size, &site, err);
}

static bool
make_graphs(ub_cuda_queue* queue, ub_cuda_plan* plan, char* err)
{
    bool made = true;
    for (size_t k = 0; made && k <= ub_cuda_size_for(plan->items); ++k) {
        made = plan->graph[k] || make_graph(queue, plan, k, err);
    }
    return made;
}

/// More room, for the new plan and all others, whose graphs must be made anew
static bool
grow(ub_cuda_queue* queue, const ub_cuda_program* program, uint32_t n, char* err)
{
    for (int i = 0; i < queue->plans; ++i) {
        ub_cuda_plan_drop_graphs(&queue->plan[i]);
    }
    if (!ub_cuda_buffers_grow(&queue->buffers, program, n, queue->model->precision,
                              queue->stream[0], err)) {
        return false;
    }
    // Until a run has put inputs there, all items have the first one
    bool made = ub_cuda_worked(cudaMemsetAsync(queue->buffers.table.device, 0,
                                               UB_CUDA_BATCH * sizeof(uint32_t), queue->stream[0]),
                               err);
    for (int i = 0; made && i < queue->plans; ++i) {
        made = make_graphs(queue, &queue->plan[i], err);
    }
    return made;
}

int
ub_cuda_prepare(ub_cuda_queue* queue, const ub_cuda_program* program, uint32_t n, char* err)
{
    ub_cuda_plan* plan = find_plan(queue, program, err);
    if (!plan) {
        return -1;
    }
    plan->items = n > plan->items ? n : plan->items;
    const uint32_t size = ub_cuda_sizes[ub_cuda_size_for(n)];
    const bool ready = ub_cuda_buffers_fit(&queue->buffers, program, size)
                           ? make_graphs(queue, plan, err)
                           : grow(queue, program, size, err);
    return ready ? (int)(plan - queue->plan) : -1;
}

uint32_t
ub_cuda_fused_convs(const ub_cuda_queue* queue, int plan)
{
    return ub_cuda_plan_fused(&queue->plan[plan], 0);
}
