// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/queue.h"

#include "dsp/clock.h"
#include "model/cuda/status.h"

#include <string.h>

#define SPIN   200e-6 // s for which a wait does not sleep: most jobs are over by then
#define MOMENT 20000L // ns of its naps

/// A driver's own wait would not return from a kernel that hangs
static bool
poll_event(cudaEvent_t event, double timeout, char* err)
{
    const double start = ub_now();
    const struct timespec moment = {0, MOMENT};
    cudaError_t status = cudaErrorNotReady;
    while ((status = cudaEventQuery(event)) == cudaErrorNotReady) {
        const double passed = ub_now() - start;
        if (passed > timeout) {
            snprintf(err, UB_CUDA_TEXT, "no answer from the device in %g s", timeout);
            return false;
        }
        if (passed > SPIN) {
            nanosleep(&moment, NULL);
        }
    }
    return ub_cuda_worked(status, err);
}

bool
ub_cuda_wait(ub_cuda_queue* queue, cudaStream_t stream, double timeout, char* err)
{
    const bool done = ub_cuda_worked(cudaEventRecord(queue->done, stream), err) &&
                      poll_event(queue->done, timeout, err);
    queue->lost = queue->lost || !done;
    return done;
}

/// Put the items in pinned memory; those of one input share it.  Returns inputs in all.
static uint32_t
gather(ub_cuda_queue* queue, const ub_cuda_program* program, const ub_cuda_item* items, uint32_t n)
{
    const size_t size = ub_cuda_input_size(program);
    uint32_t* slot = (uint32_t*)queue->buffers.table.host;
    float* finish = ub_cuda_table_finish(queue->buffers.table.host);
    float* input = (float*)queue->buffers.input.host;
    uint32_t slots = 0;
    for (uint32_t i = 0; i < n; ++i) {
        memcpy(finish + (size_t)i * program->finish, items[i].finish,
               program->finish * sizeof(float));
        if (!i || items[i].input != items[i - 1].input) {
            memcpy(input + slots * size, items[i].input, size * sizeof(float));
            ++slots;
        }
        slot[i] = slots - 1;
    }
    return slots;
}

static bool
upload(const ub_cuda_mirror* m, size_t bytes, cudaStream_t stream, char* err)
{
    return ub_cuda_worked(
        cudaMemcpyAsync(m->device, m->host, bytes, cudaMemcpyHostToDevice, stream), err);
}

int
ub_cuda_run(ub_cuda_queue* queue, int number, const ub_cuda_item* items, uint32_t n, int urgent,
            double timeout, char* err)
{
    const ub_cuda_plan* plan = &queue->plan[number];
    const ub_cuda_buffers* b = &queue->buffers;
    const size_t size = ub_cuda_mask_size(plan->program);
    cudaStream_t stream = queue->stream[urgent ? 1 : 0];
    const uint32_t slots = gather(queue, plan->program, items, n);
    if (!upload(&b->input, slots * ub_cuda_input_size(plan->program) * sizeof(float), stream,
                err) ||
        !upload(&b->table, ub_cuda_table_size(plan->program, n), stream, err) ||
        !ub_cuda_worked(cudaGraphLaunch(plan->graph[ub_cuda_size_for(n)], stream), err) ||
        !ub_cuda_wait(queue, stream, timeout, err)) {
        queue->lost = true;
        return 0;
    }
    for (uint32_t i = 0; i < n; ++i) {
        memcpy(items[i].mask, (const float*)b->mask.host + i * size, size * sizeof(float));
    }
    return 1;
}
