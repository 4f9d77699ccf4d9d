// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/buffers.h"

#include "model/cuda/status.h"
#include "model/cuda/weights.h"

_Static_assert(sizeof(uint32_t) == sizeof(float), "a table's parts have values of one size");

size_t
ub_cuda_input_size(const ub_cuda_program* program)
{
    return (size_t)program->channels * program->image[0].frames * program->image[0].bins;
}

size_t
ub_cuda_mask_size(const ub_cuda_program* program)
{
    return (size_t)program->channels * program->count * program->layer[program->layers - 1].bins;
}

size_t
ub_cuda_table_size(const ub_cuda_program* program, uint32_t n)
{
    return (UB_CUDA_BATCH + (size_t)n * program->finish) * sizeof(float);
}

static size_t
image_size(const ub_cuda_image* image)
{
    return (size_t)image->frames * image->bins * image->channels;
}

static void
mirror_free(ub_cuda_mirror* m)
{
    cudaFreeHost(m->host);
    cudaFree(m->device);
    *m = (ub_cuda_mirror){NULL, NULL};
}

static bool
mirror_make(ub_cuda_mirror* m, size_t bytes, char* err)
{
    return ub_cuda_worked(cudaMallocHost(&m->host, bytes), err) &&
           ub_cuda_worked(cudaMalloc(&m->device, bytes), err);
}

static size_t
most(size_t a, size_t b)
{
    return a > b ? a : b;
}

void
ub_cuda_buffers_clear(ub_cuda_buffers* buffers)
{
    mirror_free(&buffers->input);
    mirror_free(&buffers->table);
    mirror_free(&buffers->mask);
    for (uint32_t i = 0; i < UB_CUDA_LAYERS; ++i) {
        cudaFree(buffers->images.at[i]);
    }
    cudaFree(buffers->raw);
    *buffers = (ub_cuda_buffers){0};
}

bool
ub_cuda_buffers_fit(const ub_cuda_buffers* buffers, const ub_cuda_program* program, uint32_t n)
{
    return n <= buffers->items && program->raw <= buffers->raw_size &&
           ub_cuda_mask_size(program) <= buffers->mask_size;
}

/// Zeros, so that padded channels are
static bool
make_images(ub_cuda_buffers* buffers, const ub_cuda_program* program, size_t value,
            cudaStream_t stream, char* err)
{
    bool made = true;
    for (uint32_t i = 0; made && i < program->layers; ++i) {
        const size_t bytes = buffers->items * image_size(&program->image[i]) * value;
        made = ub_cuda_worked(cudaMalloc(&buffers->images.at[i], bytes), err) &&
               ub_cuda_worked(cudaMemsetAsync(buffers->images.at[i], 0, bytes, stream), err);
    }
    return made;
}

bool
ub_cuda_buffers_grow(ub_cuda_buffers* buffers, const ub_cuda_program* program, uint32_t n,
                     ub_cuda_precision precision, cudaStream_t stream, char* err)
{
    const ub_cuda_buffers had = *buffers;
    const size_t value = ub_cuda_value_size(precision);
    ub_cuda_buffers_clear(buffers); // first: two may not have room
    buffers->items = n > had.items ? n : had.items;
    buffers->raw_size = most(had.raw_size, program->raw);
    buffers->mask_size = most(had.mask_size, ub_cuda_mask_size(program));
    n = buffers->items;
    if (mirror_make(&buffers->input, n * ub_cuda_input_size(program) * sizeof(float), err) &&
        mirror_make(&buffers->table, ub_cuda_table_size(program, n), err) &&
        mirror_make(&buffers->mask, n * buffers->mask_size * sizeof(float), err) &&
        make_images(buffers, program, value, stream, err) &&
        ub_cuda_worked(cudaMalloc(&buffers->raw, n * buffers->raw_size * value), err)) {
        return true;
    }
    ub_cuda_buffers_clear(buffers);
    return false;
}
