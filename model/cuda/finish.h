// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_FINISH_H
#define UB_CUDA_FINISH_H

/**
   @file
   Which value goes where around the convolutions: the same functions in the kernels
   and, in the tests, on the host.
*/

#include "model/cuda/abi.h"

#include <math.h>

#ifdef __CUDACC__
#define UB_BOTH static __host__ __device__ __forceinline__
#else
#define UB_BOTH static inline
#endif

/** What one thread computes of a layer's output. */
typedef struct {
    uint32_t item;
    uint32_t frame; ///< From the layer's first computed one on
    uint32_t bin;
    uint32_t channel;
} ub_cuda_point;

/// Number of points of a layer for n items
UB_BOTH size_t
ub_cuda_points(const ub_cuda_layer* layer, uint32_t n)
{
    return (size_t)n * layer->count * layer->bins * layer->filters;
}

/// The i-th point: channels fastest, as in images
UB_BOTH ub_cuda_point
ub_cuda_point_at(const ub_cuda_layer* layer, size_t i)
{
    ub_cuda_point p;
    p.channel = (uint32_t)(i % layer->filters);
    i /= layer->filters;
    p.bin = (uint32_t)(i % layer->bins);
    i /= layer->bins;
    p.frame = (uint32_t)(i % layer->count);
    p.item = (uint32_t)(i / layer->count);
    return p;
}

/// Where a point's convolution output is in the raw buffer, for n items
UB_BOTH size_t
ub_cuda_raw_at(const ub_cuda_layer* layer, ub_cuda_point p, uint32_t n)
{
    const uint32_t t = layer->first + p.frame + layer->crop[0];
    const uint32_t b = p.bin + layer->crop[1];
    const ub_cuda_phase* phase =
        &layer->phase[t % layer->stride[0] * layer->stride[1] + b % layer->stride[1]];
    const ub_cuda_conv* conv = &layer->conv[phase->conv];
    const uint32_t row = (uint32_t)((int32_t)(t / layer->stride[0]) + phase->origin[0]);
    const uint32_t column = (uint32_t)((int32_t)(b / layer->stride[1]) + phase->origin[1]);
    return conv->raw * n +
           (((size_t)p.item * conv->out_size[0] + row) * conv->out_size[1] + column) *
               conv->filters +
           phase->channel + p.channel;
}

/// Where a point goes in an image
UB_BOTH size_t
ub_cuda_image_at(const ub_cuda_layer* layer, const ub_cuda_image* image,
                 const ub_cuda_target* target, ub_cuda_point p)
{
    const uint32_t t = layer->first + p.frame;
    return (((size_t)p.item * image->frames + t) * image->bins + p.bin) * image->channels +
           target->channel + p.channel;
}

/// Where a point goes in the masks, [items][channels][count][bins]
UB_BOTH size_t
ub_cuda_mask_at(const ub_cuda_layer* layer, ub_cuda_point p)
{
    return (((size_t)p.item * layer->filters + p.channel) * layer->count + p.frame) * layer->bins +
           p.bin;
}

UB_BOTH float
ub_cuda_activate(const ub_cuda_output* output, float y)
{
    switch (output->activation) {
    case UB_CUDA_RELU:
        return y > 0.0f ? y : 0.0f;
    case UB_CUDA_LEAKY:
        return y > 0.0f ? y : y * output->slope;
    case UB_CUDA_SIGMOID:
        return 1.0f / (1.0f + expf(-y));
    case UB_CUDA_TANH:
        return tanhf(y);
    case UB_CUDA_ELU:
        return y > 0.0f ? y : expm1f(y);
    default:
        return y;
    }
}

/// What a target gets of a sum; finish: the item's
UB_BOTH float
ub_cuda_finish(const ub_cuda_layer* layer, const ub_cuda_target* target, const float* finish,
               uint32_t channel, float x)
{
    const ub_cuda_output* output = &layer->output[target->output];
    const float* at = finish + output->finish + channel;
    const uint32_t n = layer->filters;
    const float y = ub_cuda_activate(output, at[0] * x + at[n]);
    return output->after ? at[2 * (size_t)n] * y + at[3 * (size_t)n] : y;
}

/// Where value i of the first image, [items][frames][bins][padded], comes from in the
/// inputs, [slots][channels][frames][bins]; SIZE_MAX for padding
UB_BOTH size_t
ub_cuda_input_at(const ub_cuda_program* program, const uint32_t* slot, size_t i)
{
    const ub_cuda_image* image = &program->image[0];
    const uint32_t channel = (uint32_t)(i % image->channels);
    const size_t plane = (size_t)image->frames * image->bins;
    const size_t pixel = i / image->channels % plane;
    const uint32_t item = (uint32_t)(i / image->channels / plane);
    return channel < program->channels
               ? ((size_t)slot[item] * program->channels + channel) * plane + pixel
               : SIZE_MAX;
}

#endif // UB_CUDA_FINISH_H
