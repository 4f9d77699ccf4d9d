// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* The device, and its memory, which is the host's */

#include "tests/gpu/standin/standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    *version = standin_fails("old", 0) ? 11040 : 13000;
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
    *n = standin_fails("two", 0) ? 2 : 1;
    return failed                     ? failed
           : standin_fails("none", 0) ? cudaErrorNoDevice
           : standin_fails("old", 0)  ? cudaErrorInsufficientDriver
                                      : cudaSuccess;
}

cudaError_t
cudaGetDeviceProperties(struct cudaDeviceProp* properties, int device)
{
    *properties = (struct cudaDeviceProp){.totalGlobalMem = 8000000000U, .major = 9};
    properties->major = standin_fails("weak", 0) ? 3 : 9;
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

cudaError_t
standin_release(const char* name, void* memory)
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
    return standin_release("cudaFree", memory);
}

cudaError_t
cudaMallocHost(void** memory, size_t size)
{
    return allocate("cudaMallocHost", memory, size);
}

cudaError_t
cudaFreeHost(void* memory)
{
    return standin_release("cudaFreeHost", memory);
}

typedef struct {
    void* to;
    size_t to_pitch;
    const void* from; ///< NULL: zeros
    size_t from_pitch;
    size_t width;
    size_t height;
} copy;

void
standin_copy(const void* arguments)
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
    return failed ? failed : standin_submit(stream, standin_copy, &c, sizeof(c));
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
        standin_forbid("cudaMemsetAsync", "knows zeros alone");
    }
    return failed ? failed : standin_submit(stream, standin_copy, &c, sizeof(c));
}
