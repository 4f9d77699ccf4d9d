// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/plan.h"

#include "model/cuda/finish.h"
#include "model/cuda/status.h"

#include <stdlib.h>

const uint32_t ub_cuda_sizes[UB_CUDA_SIZES] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, UB_CUDA_BATCH};

size_t
ub_cuda_size_for(uint32_t n)
{
    size_t size = 0;
    while (ub_cuda_sizes[size] < n) {
        ++size;
    }
    return size;
}

bool
ub_cuda_plan_init(ub_cuda_plan* plan, const ub_cuda_program* program, char* err)
{
    void* on_device = NULL;
    const bool made =
        ub_cuda_worked(cudaMalloc(&on_device, sizeof(*program)), err) &&
        ub_cuda_worked(cudaMemcpy(on_device, program, sizeof(*program), cudaMemcpyHostToDevice),
                       err);
    *plan = (ub_cuda_plan){.program = program, .on_device = (ub_cuda_program*)on_device};
    if (!made) {
        cudaFree(on_device);
    }
    return made;
}

void
ub_cuda_plan_drop_graphs(ub_cuda_plan* plan)
{
    for (size_t k = 0; k < UB_CUDA_SIZES; ++k) {
        if (plan->graph[k]) {
            cudaGraphExecDestroy(plan->graph[k]);
            plan->graph[k] = NULL;
        }
    }
}

/// The fused convolutions of a layer, [UB_CUDA_PHASES]; NULL if it has none
static ub_cuda_fused**
fused_of(const ub_cuda_plan* plan, size_t size, uint32_t layer)
{
    ub_cuda_fused** all = plan->fused[size];
    ub_cuda_fused** first = all ? all + (size_t)layer * UB_CUDA_PHASES : NULL;
    return first && *first ? first : NULL;
}

static void
clear_layer(ub_cuda_fused** fused)
{
    for (uint32_t k = 0; k < UB_CUDA_PHASES; ++k) {
        ub_cuda_fused_free(fused[k]);
        fused[k] = NULL;
    }
}

void
ub_cuda_plan_clear(ub_cuda_plan* plan)
{
    ub_cuda_plan_drop_graphs(plan);
    cudaFree(plan->on_device);
    for (size_t k = 0; k < UB_CUDA_SIZES; ++k) {
        for (uint32_t i = 0; plan->fused[k] && i < plan->program->layers; ++i) {
            clear_layer(plan->fused[k] + (size_t)i * UB_CUDA_PHASES);
        }
        free(plan->fused[k]);
    }
}

/// All convolutions of a layer, or none
static void
fuse_layer(ub_cuda_fused** fused, ub_cuda_fused_task task, cudnnHandle_t cudnn)
{
    bool made = ub_cuda_is_direct(task.program, task.layer);
    for (task.conv = 0; made && task.conv < task.program->layer[task.layer].n_convs; ++task.conv) {
        fused[task.conv] = ub_cuda_fused_new(cudnn, &task);
        made = fused[task.conv];
    }
    if (!made) {
        clear_layer(fused);
    }
}

bool
ub_cuda_plan_fuse(ub_cuda_plan* plan, size_t size, const ub_cuda_site* site, char* err)
{
    const uint32_t layers = plan->program->layers;
    ub_cuda_fused** all =
        (ub_cuda_fused**)calloc((size_t)layers * UB_CUDA_PHASES, sizeof(ub_cuda_fused*));
    if (!all) {
        snprintf(err, UB_CUDA_TEXT, "out of memory");
        return false;
    }
    for (uint32_t i = 0; i < layers; ++i) {
        const ub_cuda_fused_task task = {.precision = site->model->precision,
                                         .program = plan->program,
                                         .layer = i,
                                         .n = ub_cuda_sizes[size]};
        fuse_layer(all + (size_t)i * UB_CUDA_PHASES, task, site->cudnn);
    }
    plan->fused[size] = all;
    return true;
}

uint32_t
ub_cuda_plan_fused(const ub_cuda_plan* plan, size_t size)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < plan->program->layers; ++i) {
        n += fused_of(plan, size, i) ? plan->program->layer[i].n_convs : 0;
    }
    return n;
}

/// A layer's first target to one more
static bool
launch_copy(const ub_cuda_program* program, const ub_cuda_layer* layer, uint32_t to, uint32_t n,
            const ub_cuda_site* site, char* err)
{
    const size_t value = ub_cuda_value_size(site->model->precision);
    const ub_cuda_target* a = &layer->target[0];
    const ub_cuda_target* b = &layer->target[to];
    const char* from = (const char*)site->buffers->images.at[a->image] + value * a->channel;
    char* target = (char*)site->buffers->images.at[b->image] + value * b->channel;
    return ub_cuda_worked(cudaMemcpy2DAsync(target, value * program->image[b->image].channels, from,
                                            value * program->image[a->image].channels,
                                            value * layer->filters,
                                            (size_t)n * layer->count * layer->bins,
                                            cudaMemcpyDeviceToDevice, site->stream),
                          err);
}

static bool
launch_fused(const ub_cuda_plan* plan, size_t size, uint32_t number, const ub_cuda_site* site,
             char* err)
{
    const ub_cuda_layer* layer = &plan->program->layer[number];
    ub_cuda_fused* const* fused = fused_of(plan, size, number);
    const ub_cuda_buffers* b = site->buffers;
    bool launched = true;
    for (uint32_t k = 0; launched && k < layer->n_convs; ++k) {
        const ub_cuda_fused_data data = {.in = b->images.at[number],
                                         .out = b->images.at[layer->target[0].image],
                                         .weights = site->model->weights[layer->conv[k].weights],
                                         .finish = ub_cuda_table_finish(b->table.device),
                                         .workspace = site->workspace};
        launched = ub_cuda_fused_launch(fused[k], site->cudnn, &data, err);
    }
    for (uint32_t i = 1; launched && i < layer->n_targets; ++i) {
        launched = launch_copy(plan->program, layer, i, ub_cuda_sizes[size], site, err);
    }
    return launched;
}

static bool
launch_layer(const ub_cuda_plan* plan, uint32_t number, uint32_t n, const ub_cuda_site* site,
             char* err)
{
    const ub_cuda_layer* layer = &plan->program->layer[number];
    const ub_cuda_precision precision = site->model->precision;
    const ub_cuda_buffers* b = site->buffers;
    bool launched = true;
    for (uint32_t k = 0; launched && k < layer->n_convs; ++k) {
        const ub_cuda_conv* conv = &layer->conv[k];
        const size_t raw = conv->raw * n * ub_cuda_value_size(precision);
        const ub_cuda_conv_task task = {.precision = precision,
                                        .image = &plan->program->image[number],
                                        .conv = conv,
                                        .n = n,
                                        .in = b->images.at[number],
                                        .weights = site->model->weights[conv->weights],
                                        .out = (char*)b->raw + raw};
        launched = ub_cuda_conv_launch(site->cudnn, &task, site->workspace, err);
    }
    return launched &&
           ub_cuda_worked(
               ub_cuda_launch_finish(precision, plan->on_device, number, ub_cuda_points(layer, n),
                                     ub_cuda_table_finish(b->table.device), b->raw, &b->images,
                                     (float*)b->mask.device, n, site->stream),
               err);
}

bool
ub_cuda_plan_launch(const ub_cuda_plan* plan, size_t size, const ub_cuda_site* site, char* err)
{
    const ub_cuda_program* program = plan->program;
    const ub_cuda_buffers* b = site->buffers;
    const ub_cuda_image* first = &program->image[0];
    const uint32_t n = ub_cuda_sizes[size];
    const size_t values = (size_t)n * first->frames * first->bins * first->channels;
    bool launched = ub_cuda_worked(ub_cuda_launch_load(site->model->precision, plan->on_device,
                                                       (const uint32_t*)b->table.device,
                                                       (const float*)b->input.device,
                                                       b->images.at[0], values, site->stream),
                                   err);
    for (uint32_t i = 0; launched && i < program->layers; ++i) {
        launched = fused_of(plan, size, i) ? launch_fused(plan, size, i, site, err)
                                           : launch_layer(plan, i, n, site, err);
    }
    return launched &&
           ub_cuda_worked(cudaMemcpyAsync(b->mask.host, b->mask.device,
                                          n * ub_cuda_mask_size(program) * sizeof(float),
                                          cudaMemcpyDeviceToHost, site->stream),
                          err);
}

bool
ub_cuda_plan_capture(ub_cuda_plan* plan, size_t size, const ub_cuda_site* site, char* err)
{
    cudaGraph_t graph = NULL;
    if (!ub_cuda_worked(cudaStreamBeginCapture(site->stream, cudaStreamCaptureModeThreadLocal),
                        err)) {
        return false;
    }
    const bool launched = ub_cuda_plan_launch(plan, size, site, err);
    const cudaError_t ended = cudaStreamEndCapture(site->stream, &graph);
    const bool captured =
        launched && ub_cuda_worked(ended, err) &&
        ub_cuda_worked(cudaGraphInstantiateWithFlags(&plan->graph[size], graph, 0), err);
    if (graph) {
        cudaGraphDestroy(graph);
    }
    return captured;
}
