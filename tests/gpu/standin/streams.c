// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Streams, which do their work at once, graphs, which keep it, and events */

#include "tests/gpu/standin/standin.h"

#include <stdlib.h>
#include <string.h>

typedef struct work_s work;
struct work_s {
    work* next;
    void (*run)(const void* arguments);
    _Alignas(16) char arguments[];
};

struct standin_graph {
    int refs; ///< The graph, and what was instantiated from it
    work* first;
    work** last;
};

struct standin_stream {
    struct standin_graph* captured; ///< NULL: work is done at once
};

struct standin_event {
    int unused;
};

cudaError_t
standin_submit(cudaStream_t stream, void (*run)(const void* arguments), const void* arguments,
               size_t size)
{
    if (!stream || !stream->captured) {
        if (!stream || run == standin_copy) { // of the rest, only what a graph computes is used
            run(arguments);
        }
        return cudaSuccess;
    }
    work* w = (work*)malloc(sizeof(work) + size);
    if (!w) {
        return cudaErrorMemoryAllocation;
    }
    w->next = NULL;
    w->run = run;
    memcpy(w->arguments, arguments, size);
    *stream->captured->last = w;
    stream->captured->last = &w->next;
    return cudaSuccess;
}

cudaError_t
cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority)
{
    (void)flags, (void)priority;
    const cudaError_t failed = standin_call("cudaStreamCreateWithPriority", STANDIN_ALLOCATES);
    *stream = failed ? NULL : (cudaStream_t)calloc(1, sizeof(struct standin_stream));
    return failed;
}

cudaError_t
cudaStreamDestroy(cudaStream_t stream)
{
    return standin_release("cudaStreamDestroy", stream);
}

cudaError_t
cudaStreamBeginCapture(cudaStream_t stream, int mode)
{
    (void)mode;
    const cudaError_t failed = standin_call("cudaStreamBeginCapture", STANDIN_ALLOCATES);
    if (!failed) {
        stream->captured = (struct standin_graph*)calloc(1, sizeof(struct standin_graph));
        stream->captured->refs = 1;
        stream->captured->last = &stream->captured->first;
    }
    return failed;
}

cudaError_t
cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph)
{
    *graph = stream->captured;
    stream->captured = NULL;
    return standin_call("cudaStreamEndCapture", STANDIN_PLAIN);
}

cudaError_t
cudaGraphInstantiateWithFlags(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags)
{
    (void)flags;
    const cudaError_t failed = standin_call("cudaGraphInstantiateWithFlags", STANDIN_ALLOCATES);
    *exec = failed ? NULL : graph;
    graph->refs += !failed;
    return failed;
}

cudaError_t
cudaGraphDestroy(cudaGraph_t graph)
{
    if (--graph->refs == 0) {
        for (work* w = graph->first; w;) {
            work* next = w->next;
            free(w);
            w = next;
        }
        free(graph);
    }
    return standin_call("cudaGraphDestroy", STANDIN_PLAIN);
}

cudaError_t
cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    return cudaGraphDestroy(exec);
}

cudaError_t
cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    (void)stream;
    const cudaError_t failed = standin_call("cudaGraphLaunch", STANDIN_PLAIN);
    if (failed) {
        return failed;
    }
    const bool lost = standin_launch_lost();
    for (const work* w = lost ? NULL : exec->first; w; w = w->next) {
        w->run(w->arguments);
    }
    return cudaSuccess;
}

cudaError_t
cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags)
{
    (void)flags;
    const cudaError_t failed = standin_call("cudaEventCreateWithFlags", STANDIN_ALLOCATES);
    *event = failed ? NULL : (cudaEvent_t)calloc(1, sizeof(struct standin_event));
    return failed;
}

cudaError_t
cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    (void)event, (void)stream;
    return standin_call("cudaEventRecord", STANDIN_PLAIN);
}

cudaError_t
cudaEventQuery(cudaEvent_t event)
{
    (void)event;
    return standin_ask();
}

cudaError_t
cudaEventDestroy(cudaEvent_t event)
{
    return standin_release("cudaEventDestroy", event);
}
