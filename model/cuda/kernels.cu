// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/kernels.h"

#include "model/cuda/finish.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#define THREADS     256
#define MOST_BLOCKS 65535

static __device__ float
to_float(float x)
{
    return x;
}

static __device__ float
to_float(__nv_bfloat16 x)
{
    return __bfloat162float(x);
}

static __device__ float
to_float(__half x)
{
    return __half2float(x);
}

static __device__ void
put(float* to, float x)
{
    *to = x;
}

static __device__ void
put(__nv_bfloat16* to, float x)
{
    *to = __float2bfloat16_rn(x);
}

static __device__ void
put(__half* to, float x)
{
    *to = __float2half_rn(x);
}

static __device__ size_t
first_index()
{
    return (size_t)blockIdx.x * blockDim.x + threadIdx.x;
}

static __device__ size_t
index_step()
{
    return (size_t)gridDim.x * blockDim.x;
}

template <typename T>
static __global__ void
convert_kernel(const float* from, T* to, size_t n)
{
    for (size_t i = first_index(); i < n; i += index_step()) {
        put(to + i, from[i]);
    }
}

template <typename T>
static __global__ void
load_kernel(const ub_cuda_program* program, const uint32_t* slot, const float* input, T* image,
            size_t n)
{
    for (size_t i = first_index(); i < n; i += index_step()) {
        const size_t at = ub_cuda_input_at(program, slot, i);
        put(image + i, at == SIZE_MAX ? 0.0f : input[at]);
    }
}

template <typename T>
static __global__ void
finish_kernel(const ub_cuda_program* program, uint32_t number, size_t points, const float* finish,
              const T* raw, ub_cuda_image_list images, float* mask, uint32_t n)
{
    const ub_cuda_layer* layer = &program->layer[number];
    for (size_t i = first_index(); i < points; i += index_step()) {
        const ub_cuda_point p = ub_cuda_point_at(layer, i);
        const float x = to_float(raw[ub_cuda_raw_at(layer, p, n)]);
        for (uint32_t k = 0; k < layer->n_targets; ++k) {
            const ub_cuda_target* target = &layer->target[k];
            const float y = ub_cuda_finish(layer, target, finish + (size_t)p.item * program->finish,
                                           p.channel, x);
            if (target->image == UB_CUDA_MASK) {
                mask[ub_cuda_mask_at(layer, p)] = y;
            } else {
                put((T*)images.at[target->image] +
                        ub_cuda_image_at(layer, &program->image[target->image], target, p),
                    y);
            }
        }
    }
}

static unsigned
blocks_for(size_t n)
{
    const size_t blocks = (n + THREADS - 1) / THREADS;
    return (unsigned)(blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS);
}

/// Call a function with a null pointer of the precision's type, which chooses its template
template <typename F>
static cudaError_t
with_type(ub_cuda_precision precision, F function)
{
    switch (precision) {
    case UB_CUDA_BF16:
        function((__nv_bfloat16*)nullptr);
        break;
    case UB_CUDA_F16:
        function((__half*)nullptr);
        break;
    default:
        function((float*)nullptr);
        break;
    }
    return cudaGetLastError();
}

cudaError_t
ub_cuda_launch_convert(ub_cuda_precision precision, const float* from, void* to, size_t n,
                       cudaStream_t stream)
{
    return with_type(precision, [&](auto* type) {
        using T = decltype(type);
        convert_kernel<<<blocks_for(n), THREADS, 0, stream>>>(from, (T)to, n);
    });
}

cudaError_t
ub_cuda_launch_load(ub_cuda_precision precision, const ub_cuda_program* program,
                    const uint32_t* slot, const float* input, void* image, size_t n,
                    cudaStream_t stream)
{
    return with_type(precision, [&](auto* type) {
        using T = decltype(type);
        load_kernel<<<blocks_for(n), THREADS, 0, stream>>>(program, slot, input, (T)image, n);
    });
}

cudaError_t
ub_cuda_launch_finish(ub_cuda_precision precision, const ub_cuda_program* program, uint32_t layer,
                      size_t points, const float* finish, const void* raw,
                      const ub_cuda_image_list* images, float* mask, uint32_t n,
                      cudaStream_t stream)
{
    return with_type(precision, [&](auto* type) {
        using T = decltype(type);
        finish_kernel<<<blocks_for(points), THREADS, 0, stream>>>(program, layer, points, finish,
                                                                  (T)raw, *images, mask, n);
    });
}
