// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* The kernels, with the index arithmetic that they have on a device */

#include "model/cuda/kernels.h"

#include "model/cuda/conv.h"
#include "model/cuda/finish.h"
#include "tests/gpu/standin/standin.h"

typedef struct {
    cudnnDataType_t type;
    const float* from;
    void* to;
    size_t n;
} convert_arguments;

static void
convert(const void* arguments)
{
    const convert_arguments* a = (const convert_arguments*)arguments;
    for (size_t i = 0; i < a->n; ++i) {
        standin_put(a->type, a->to, i, a->from[i]);
    }
}

cudaError_t
ub_cuda_launch_convert(ub_cuda_precision precision, const float* from, void* to, size_t n,
                       cudaStream_t stream)
{
    const convert_arguments a = {ub_cuda_data_type(precision), from, to, n};
    const cudaError_t failed = standin_call("convert", STANDIN_PLAIN);
    return failed ? failed : standin_submit(stream, convert, &a, sizeof(a));
}

typedef struct {
    cudnnDataType_t type;
    const ub_cuda_program* program;
    const uint32_t* slot;
    const float* input;
    void* image;
    size_t n;
} load_arguments;

static void
load(const void* arguments)
{
    const load_arguments* a = (const load_arguments*)arguments;
    for (size_t i = 0; i < a->n; ++i) {
        const size_t at = ub_cuda_input_at(a->program, a->slot, i);
        standin_put(a->type, a->image, i, at == SIZE_MAX ? 0.0f : a->input[at]);
    }
}

cudaError_t
ub_cuda_launch_load(ub_cuda_precision precision, const ub_cuda_program* program,
                    const uint32_t* slot, const float* input, void* image, size_t n,
                    cudaStream_t stream)
{
    const load_arguments a = {ub_cuda_data_type(precision), program, slot, input, image, n};
    const cudaError_t failed = standin_call("load", STANDIN_PLAIN);
    return failed ? failed : standin_submit(stream, load, &a, sizeof(a));
}

typedef struct {
    cudnnDataType_t type;
    const ub_cuda_program* program;
    uint32_t layer;
    size_t points;
    const float* finish;
    const void* raw;
    ub_cuda_image_list images;
    float* mask;
    uint32_t n;
} finish_arguments;

static void
put_point(const finish_arguments* a, ub_cuda_point p, float x)
{
    const ub_cuda_layer* layer = &a->program->layer[a->layer];
    const float* values = a->finish + (size_t)p.item * a->program->finish;
    for (uint32_t k = 0; k < layer->n_targets; ++k) {
        const ub_cuda_target* t = &layer->target[k];
        const float y = ub_cuda_finish(layer, t, values, p.channel, x);
        if (t->image == UB_CUDA_MASK) {
            a->mask[ub_cuda_mask_at(layer, p)] = y;
        } else {
            standin_put(a->type, a->images.at[t->image],
                        ub_cuda_image_at(layer, &a->program->image[t->image], t, p), y);
        }
    }
}

static void
finish(const void* arguments)
{
    const finish_arguments* a = (const finish_arguments*)arguments;
    const ub_cuda_layer* layer = &a->program->layer[a->layer];
    for (size_t i = 0; i < a->points; ++i) {
        const ub_cuda_point p = ub_cuda_point_at(layer, i);
        const float x = standin_get(a->type, a->raw, ub_cuda_raw_at(layer, p, a->n));
        put_point(a, p, x);
    }
}

cudaError_t
ub_cuda_launch_finish(ub_cuda_precision precision, const ub_cuda_program* program, uint32_t layer,
                      size_t points, const float* finish_values, const void* raw,
                      const ub_cuda_image_list* images, float* mask, uint32_t n,
                      cudaStream_t stream)
{
    const finish_arguments a = {
        ub_cuda_data_type(precision), program, layer, points, finish_values, raw, *images, mask, n};
    const cudaError_t failed = standin_call("finish", STANDIN_PLAIN);
    return failed ? failed : standin_submit(stream, finish, &a, sizeof(a));
}
