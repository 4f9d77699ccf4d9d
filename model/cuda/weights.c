// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/weights.h"

#include "model/cuda/kernels.h"
#include "model/cuda/status.h"

#include <stdlib.h>

static bool
is_half(ub_cuda_precision precision)
{
    return precision == UB_CUDA_BF16 || precision == UB_CUDA_F16;
}

size_t
ub_cuda_value_size(ub_cuda_precision precision)
{
    return is_half(precision) ? 2 : sizeof(float);
}

void
ub_cuda_model_free(ub_cuda_model* model)
{
    for (uint32_t i = 0; i < model->n; ++i) {
        cudaFree(model->weights[i]);
    }
    free(model);
}

static bool
load_half(ub_cuda_precision precision, const ub_cuda_weights* from, void** to, char* err)
{
    const size_t bytes = from->size * sizeof(float);
    void* single = NULL;
    const bool loaded =
        ub_cuda_worked(cudaMalloc(&single, bytes), err) &&
        ub_cuda_worked(cudaMalloc(to, from->size * ub_cuda_value_size(precision)), err) &&
        ub_cuda_worked(cudaMemcpy(single, from->values, bytes, cudaMemcpyHostToDevice), err) &&
        ub_cuda_worked(
            ub_cuda_launch_convert(precision, (const float*)single, *to, from->size, NULL), err) &&
        ub_cuda_worked(cudaDeviceSynchronize(), err);
    cudaFree(single);
    return loaded;
}

static bool
load_tensor(ub_cuda_model* model, const ub_cuda_weights* from, char* err)
{
    void** to = &model->weights[model->n++];
    const size_t bytes = from->size * sizeof(float);
    if (!bytes) {
        return true;
    }
    if (is_half(model->precision)) {
        return load_half(model->precision, from, to, err);
    }
    return ub_cuda_worked(cudaMalloc(to, bytes), err) &&
           ub_cuda_worked(cudaMemcpy(*to, from->values, bytes, cudaMemcpyHostToDevice), err);
}

ub_cuda_model*
ub_cuda_model_new(const ub_cuda_weights* weights, uint32_t n, ub_cuda_precision precision,
                  char* err)
{
    ub_cuda_model* model = (ub_cuda_model*)calloc(1, sizeof(ub_cuda_model));
    if (!model) {
        snprintf(err, UB_CUDA_TEXT, "out of memory");
        return NULL;
    }
    model->precision = precision;
    for (uint32_t i = 0; i < n; ++i) {
        if (!load_tensor(model, &weights[i], err)) {
            ub_cuda_model_free(model);
            return NULL;
        }
    }
    return model;
}
