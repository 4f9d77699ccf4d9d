// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* The CUDA runtime: memory is the host's, streams do their work at once */

#include "model/cuda/queue.h"
#include "tests/gpu/standin/standin.h"

#include <pthread.h>
#include <stdio.h>
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

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned calls;
static unsigned allocations;
static unsigned launches;
static cudaError_t broken; ///< What the device answers from now on, or success
static bool told;          ///< And has answered: it must not be used again
static _Thread_local bool in_run;

/// Whether this is the moment to fail in this way: "WAY" at any time, "WAY:N" at N
static bool
fails(const char* way, unsigned now)
{
    const char* asked = getenv("UNBRAID_STANDIN");
    const size_t n = strlen(way);
    if (!asked || strncmp(asked, way, n)) {
        return false;
    }
    return !asked[n] || (asked[n] == ':' && (unsigned)atoi(asked + n + 1) == now);
}

static void
forbid(const char* name, const char* why)
{
    fprintf(stderr, "standin: %s %s\n", name, why);
    abort();
}

static cudaError_t
check_call(const char* name, standin_kind kind)
{
    if (told) {
        forbid(name, "on a lost device");
    }
    if (in_run && kind != STANDIN_PLAIN) {
        forbid(name, kind == STANDIN_WAITS ? "waits in a run" : "allocates in a run");
    }
    if (fails("call", ++calls)) {
        return cudaErrorUnknown;
    }
    if (kind == STANDIN_ALLOCATES && fails("memory", ++allocations)) {
        return cudaErrorMemoryAllocation;
    }
    return cudaSuccess;
}

cudaError_t
standin_call(const char* name, standin_kind kind)
{
    pthread_mutex_lock(&lock);
    const cudaError_t failed = check_call(name, kind);
    pthread_mutex_unlock(&lock);
    return failed;
}

int __real_ub_cuda_run(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n,
                       int urgent, double timeout, char* err);
int __wrap_ub_cuda_run(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n,
                       int urgent, double timeout, char* err);

int
__wrap_ub_cuda_run(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n,
                   int urgent, double timeout, char* err)
{
    in_run = true;
    const int done = __real_ub_cuda_run(queue, plan, items, n, urgent, timeout, err);
    in_run = false;
    return done;
}

const char*
cudaGetErrorString(cudaError_t error)
{
    switch (error) {
    case cudaSuccess:
        return "no error";
    case cudaErrorMemoryAllocation:
        return "out of memory";
    case cudaErrorInsufficientDriver:
        return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice:
        return "no CUDA-capable device is detected";
    case cudaErrorNotReady:
        return "device not ready";
    case cudaErrorIllegalAddress:
        return "an illegal memory access was encountered";
    default:
        return "unknown error";
    }
}

cudaError_t
cudaDriverGetVersion(int* version)
{
    *version = fails("old", 0) ? 11040 : 13000;
    return cudaSuccess;
}

cudaError_t
cudaRuntimeGetVersion(int* version)
{
    *version = 13000;
    return cudaSuccess;
}

cudaError_t
cudaGetDeviceCount(int* n)
{
    const cudaError_t failed = standin_call("cudaGetDeviceCount", STANDIN_PLAIN);
    *n = fails("two", 0) ? 2 : 1;
    return failed              ? failed
           : fails("none", 0) ? cudaErrorNoDevice
           : fails("old", 0)  ? cudaErrorInsufficientDriver
                              : cudaSuccess;
}

cudaError_t
cudaGetDeviceProperties(struct cudaDeviceProp* properties, int device)
{
    *properties = (struct cudaDeviceProp){.totalGlobalMem = 8000000000U, .major = 9};
    properties->major = fails("weak", 0) ? 3 : 9;
    snprintf(properties->name, sizeof(properties->name), "stand-in %d for tests", device);
    return standin_call("cudaGetDeviceProperties", STANDIN_PLAIN);
}

cudaError_t
cudaDeviceSynchronize(void)
{
    return standin_call("cudaDeviceSynchronize", STANDIN_WAITS);
}

cudaError_t
cudaDeviceGetStreamPriorityRange(int* least, int* greatest)
{
    *least = 0;
    *greatest = -5;
    return standin_call("cudaDeviceGetStreamPriorityRange", STANDIN_PLAIN);
}

/// Device memory is not cleared: what nobody has written is not a number
static cudaError_t
allocate(const char* name, void** memory, size_t size)
{
    const cudaError_t failed = standin_call(name, STANDIN_ALLOCATES);
    *memory = failed ? NULL : malloc(size);
    if (*memory && size < ((size_t)64 << 20)) {
        memset(*memory, 0xFF, size);
    }
    return failed ? failed : *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

static cudaError_t
release(const char* name, void* memory)
{
    const cudaError_t failed = standin_call(name, STANDIN_WAITS);
    free(memory);
    return failed;
}

cudaError_t
cudaMalloc(void** memory, size_t size)
{
    return allocate("cudaMalloc", memory, size);
}

cudaError_t
cudaFree(void* memory)
{
    return release("cudaFree", memory);
}

cudaError_t
cudaMallocHost(void** memory, size_t size)
{
    return allocate("cudaMallocHost", memory, size);
}

cudaError_t
cudaFreeHost(void* memory)
{
    return release("cudaFreeHost", memory);
}

typedef struct {
    void* to;
    size_t to_pitch;
    const void* from; ///< NULL: zeros
    size_t from_pitch;
    size_t width;
    size_t height;
} copy;

static void
run_copy(const void* arguments)
{
    const copy* c = (const copy*)arguments;
    for (size_t i = 0; i < c->height; ++i) {
        char* to = (char*)c->to + i * c->to_pitch;
        if (c->from) {
            memcpy(to, (const char*)c->from + i * c->from_pitch, c->width);
        } else {
            memset(to, 0, c->width);
        }
    }
}

cudaError_t
standin_submit(cudaStream_t stream, void (*run)(const void* arguments), const void* arguments,
               size_t size)
{
    if (!stream || !stream->captured) {
        if (!stream || run == run_copy) { // of the rest, only what a graph computes is used
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
cudaMemcpy(void* to, const void* from, size_t size, cudaMemcpyKind kind)
{
    (void)kind;
    const cudaError_t failed = standin_call("cudaMemcpy", STANDIN_WAITS);
    if (!failed) {
        memcpy(to, from, size);
    }
    return failed;
}

cudaError_t
cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                  size_t height, cudaMemcpyKind kind, cudaStream_t stream)
{
    (void)kind;
    const copy c = {to, to_pitch, from, from_pitch, width, height};
    const cudaError_t failed = standin_call("cudaMemcpy2DAsync", STANDIN_PLAIN);
    return failed ? failed : standin_submit(stream, run_copy, &c, sizeof(c));
}

cudaError_t
cudaMemcpyAsync(void* to, const void* from, size_t size, cudaMemcpyKind kind, cudaStream_t stream)
{
    return cudaMemcpy2DAsync(to, size, from, size, size, 1, kind, stream);
}

cudaError_t
cudaMemsetAsync(void* to, int value, size_t size, cudaStream_t stream)
{
    const copy c = {to, size, NULL, 0, size, 1};
    const cudaError_t failed = standin_call("cudaMemsetAsync", STANDIN_PLAIN);
    if (value) {
        forbid("cudaMemsetAsync", "knows zeros alone");
    }
    return failed ? failed : standin_submit(stream, run_copy, &c, sizeof(c));
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
    return release("cudaStreamDestroy", stream);
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
    pthread_mutex_lock(&lock);
    ++launches;
    broken = fails("error", launches)  ? cudaErrorIllegalAddress
             : fails("hang", launches) ? cudaErrorNotReady
                                       : broken;
    const bool lost = broken;
    pthread_mutex_unlock(&lock);
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
    pthread_mutex_lock(&lock);
    const cudaError_t status = broken;
    told = told || broken;
    pthread_mutex_unlock(&lock);
    return status;
}

cudaError_t
cudaEventDestroy(cudaEvent_t event)
{
    return release("cudaEventDestroy", event);
}
