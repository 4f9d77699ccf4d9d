// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/fused.h"

#include "model/cuda/graph.h"
#include "model/cuda/status.h"
#include "model/cuda/weights.h"

#include <stdlib.h>

#define ENGINES 8 // that are tried

// Names of tensors.  Those with an address come first, in the order of find_addresses().
enum { IN, WEIGHTS, SCALE, SHIFT, OUT, ADDRESSES, SUM = ADDRESSES, SCALED, SHIFTED };

struct ub_cuda_fused_s {
    ub_cuda_fused_task task;
    ub_cuda_direct direct;
    ub_cuda_set set;     ///< All that the plan is made of, which may need it
    ub_cuda_set engines; ///< To choose from
    ub_cuda_descriptor plan;
    int64_t workspace; ///< bytes
};

static const ub_cuda_layer*
layer_of(const ub_cuda_fused_task* t)
{
    return &t->program->layer[t->layer];
}

static const ub_cuda_image*
image_out(const ub_cuda_fused_task* t)
{
    return &t->program->image[layer_of(t)->target[0].image];
}

static ub_cuda_descriptor
put_input(ub_cuda_set* set, const ub_cuda_fused_task* t, const ub_cuda_direct* d)
{
    const ub_cuda_image* image = &t->program->image[t->layer];
    const int64_t row = (int64_t)image->bins * image->channels;
    const ub_cuda_tensor tensor = {.id = IN,
                                   .type = ub_cuda_data_type(t->precision),
                                   .size = {t->n, image->channels, d->in_size[0], d->in_size[1]},
                                   .stride = {image->frames * row, 1, row, image->channels}};
    return ub_cuda_put_tensor(set, &tensor);
}

static ub_cuda_descriptor
put_output(ub_cuda_set* set, const ub_cuda_fused_task* t, const ub_cuda_direct* d)
{
    const ub_cuda_image* image = image_out(t);
    const int64_t row = (int64_t)image->bins * image->channels;
    const ub_cuda_tensor tensor = {
        .id = OUT,
        .type = ub_cuda_data_type(t->precision),
        .size = {t->n, layer_of(t)->filters, d->out_size[0], d->out_size[1]},
        .stride = {image->frames * row, 1, d->out_step[0] * row,
                   (int64_t)d->out_step[1] * image->channels}};
    return ub_cuda_put_tensor(set, &tensor);
}

static ub_cuda_descriptor
put_weights(ub_cuda_set* set, const ub_cuda_fused_task* t)
{
    const ub_cuda_conv* c = &layer_of(t)->conv[t->conv];
    const int64_t row = (int64_t)c->kernel[1] * c->inputs;
    const ub_cuda_tensor tensor = {.id = WEIGHTS,
                                   .type = ub_cuda_data_type(t->precision),
                                   .size = {c->filters, c->inputs, c->kernel[0], c->kernel[1]},
                                   .stride = {c->kernel[0] * row, 1, row, c->inputs}};
    return ub_cuda_put_tensor(set, &tensor);
}

/// One value for each item and filter
static ub_cuda_descriptor
put_finish(ub_cuda_set* set, const ub_cuda_fused_task* t, int64_t id)
{
    const int64_t filters = layer_of(t)->filters;
    const ub_cuda_tensor tensor = {.id = id,
                                   .type = CUDNN_DATA_FLOAT,
                                   .size = {t->n, filters, 1, 1},
                                   .stride = {t->program->finish, 1, filters, filters}};
    return ub_cuda_put_tensor(set, &tensor);
}

/// A result on its way to the next operation
static ub_cuda_descriptor
put_inner(ub_cuda_set* set, const ub_cuda_fused_task* t, const ub_cuda_direct* d, int64_t id)
{
    const int64_t filters = layer_of(t)->filters;
    const int64_t row = d->out_size[1] * filters;
    const ub_cuda_tensor tensor = {.id = id,
                                   .type = CUDNN_DATA_FLOAT,
                                   .size = {t->n, filters, d->out_size[0], d->out_size[1]},
                                   .stride = {d->out_size[0] * row, 1, row, filters},
                                   .inner = true};
    return ub_cuda_put_tensor(set, &tensor);
}

static ub_cuda_descriptor
put_conv(ub_cuda_set* set, const ub_cuda_fused_task* t, const ub_cuda_direct* d)
{
    const ub_cuda_conv* c = &layer_of(t)->conv[t->conv];
    const int64_t before[] = {d->pad[0][0], d->pad[1][0]};
    const int64_t after[] = {d->pad[0][1], d->pad[1][1]};
    const int64_t stride[] = {c->stride[0], c->stride[1]};
    static const int64_t dilation[] = {1, 1};
    static const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    ub_cuda_descriptor conv = ub_cuda_begin(set, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    ub_cuda_put_type(set, conv, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    ub_cuda_put(set, conv, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    ub_cuda_put_integer(set, conv, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2);
    ub_cuda_put(set, conv, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, before);
    ub_cuda_put(set, conv, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, after);
    ub_cuda_put(set, conv, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, stride);
    ub_cuda_put(set, conv, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilation);
    return ub_cuda_end(set, conv);
}

static ub_cuda_descriptor
put_forward(ub_cuda_set* set, const ub_cuda_fused_task* t, const ub_cuda_direct* d,
            ub_cuda_descriptor sum)
{
    static const float one = 1.0f;
    static const float zero = 0.0f;
    ub_cuda_descriptor in = put_input(set, t, d);
    ub_cuda_descriptor weights = put_weights(set, t);
    ub_cuda_descriptor conv = put_conv(set, t, d);
    ub_cuda_descriptor op =
        ub_cuda_begin(set, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    ub_cuda_put_part(set, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, in);
    ub_cuda_put_part(set, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, weights);
    ub_cuda_put_part(set, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, sum);
    ub_cuda_put_part(set, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, conv);
    ub_cuda_put(set, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &one);
    ub_cuda_put(set, op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &zero);
    return ub_cuda_end(set, op);
}

static cudnnPointwiseMode_t
mode_of(const ub_cuda_output* output)
{
    return output->activation == UB_CUDA_SIGMOID ? CUDNN_POINTWISE_SIGMOID_FWD
           : output->activation == UB_CUDA_TANH  ? CUDNN_POINTWISE_TANH_FWD
                                                 : CUDNN_POINTWISE_RELU_FWD;
}

/// The operations: convolution, times scale, plus shift, activation.  Returns the graph.
static ub_cuda_descriptor
put_graph(ub_cuda_set* set, cudnnHandle_t cudnn, const ub_cuda_fused_task* t,
          const ub_cuda_direct* d)
{
    const ub_cuda_output* output = &layer_of(t)->output[0];
    const bool linear = output->activation == UB_CUDA_LINEAR;
    const double slope = output->activation == UB_CUDA_LEAKY ? (double)output->slope : 0.0;
    ub_cuda_descriptor scale = put_finish(set, t, SCALE);
    ub_cuda_descriptor shift = put_finish(set, t, SHIFT);
    ub_cuda_descriptor sum = put_inner(set, t, d, SUM);
    ub_cuda_descriptor scaled = put_inner(set, t, d, SCALED);
    ub_cuda_descriptor out = put_output(set, t, d);
    ub_cuda_descriptor shifted = linear ? out : put_inner(set, t, d, SHIFTED);
    ub_cuda_descriptor op[4] = {
        put_forward(set, t, d, sum),
        ub_cuda_pointwise(set, CUDNN_POINTWISE_MUL, 0.0, sum, scale, scaled),
        ub_cuda_pointwise(set, CUDNN_POINTWISE_ADD, 0.0, scaled, shift, shifted), NULL};
    if (!linear) {
        op[3] = ub_cuda_pointwise(set, mode_of(output), slope, shifted, NULL, out);
    }
    ub_cuda_descriptor graph = ub_cuda_begin(set, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    ub_cuda_put(set, graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn);
    ub_cuda_put(set, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                linear ? 3 : 4, (const void*)op);
    return ub_cuda_end(set, graph);
}

/// Make a plan with an engine.  False if it cannot be had, or wants too much memory.
static bool
make_plan(ub_cuda_fused* self, cudnnHandle_t cudnn, ub_cuda_descriptor engine)
{
    ub_cuda_set one = {.ok = true};
    int64_t n = 0;
    ub_cuda_descriptor plan = ub_cuda_begin(&one, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    ub_cuda_put(&one, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn);
    ub_cuda_put_part(&one, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, engine);
    ub_cuda_end(&one, plan);
    if (one.ok &&
        cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64,
                                 1, &n, &self->workspace) == CUDNN_STATUS_SUCCESS &&
        self->workspace <= (int64_t)UB_CUDA_WORKSPACE && self->set.n < UB_CUDA_DESCRIPTORS) {
        self->plan = plan;
        self->set.list[self->set.n++] = plan;
    } else {
        ub_cuda_set_clear(&one);
    }
    return self->plan;
}

/// The first of the engines that cuDNN thinks best which works
static bool
choose_engine(ub_cuda_fused* self, cudnnHandle_t cudnn, ub_cuda_descriptor graph)
{
    static const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
    ub_cuda_set* set = &self->set;
    ub_cuda_set* found = &self->engines;
    int64_t n = 0;
    ub_cuda_descriptor heuristics = ub_cuda_begin(set, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    ub_cuda_put_part(set, heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    ub_cuda_put(set, heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    ub_cuda_end(set, heuristics);
    while (set->ok && found->ok && found->n < ENGINES) {
        ub_cuda_begin(found, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    }
    if (set->ok && found->ok &&
        cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                 CUDNN_TYPE_BACKEND_DESCRIPTOR, ENGINES, &n,
                                 (void*)found->list) == CUDNN_STATUS_SUCCESS) {
        for (int64_t i = 0; i < n && i < ENGINES && !self->plan; ++i) {
            make_plan(self, cudnn, found->list[i]);
        }
    }
    return self->plan;
}

ub_cuda_fused*
ub_cuda_fused_new(cudnnHandle_t cudnn, const ub_cuda_fused_task* task)
{
    ub_cuda_fused* self = (ub_cuda_fused*)calloc(1, sizeof(ub_cuda_fused));
    if (!self) {
        return NULL;
    }
    self->task = *task;
    self->direct = ub_cuda_direct_of(layer_of(task), task->conv);
    self->set.ok = true;
    self->engines.ok = true;
    ub_cuda_descriptor graph = put_graph(&self->set, cudnn, task, &self->direct);
    if (!choose_engine(self, cudnn, graph)) {
        ub_cuda_fused_free(self);
        return NULL;
    }
    return self;
}

void
ub_cuda_fused_free(ub_cuda_fused* self)
{
    if (self) {
        ub_cuda_set_clear(&self->set);
        ub_cuda_set_clear(&self->engines);
        free(self);
    }
}

/// Where a tensor begins in an image, in values
static size_t
offset(const ub_cuda_image* image, const uint32_t* first, uint32_t channel)
{
    return ((size_t)first[0] * image->bins + first[1]) * image->channels + channel;
}

static void
find_addresses(const ub_cuda_fused* self, const ub_cuda_fused_data* data, void** address)
{
    const ub_cuda_fused_task* t = &self->task;
    const ub_cuda_layer* layer = layer_of(t);
    const size_t value = ub_cuda_value_size(t->precision);
    address[IN] =
        (char*)data->in + value * offset(&t->program->image[t->layer], self->direct.in_first, 0);
    address[WEIGHTS] = data->weights;
    address[SCALE] = data->finish + layer->output[0].finish;
    address[SHIFT] = data->finish + layer->output[0].finish + layer->filters;
    address[OUT] = (char*)data->out +
                   value * offset(image_out(t), self->direct.out_first, layer->target[0].channel);
}

bool
ub_cuda_fused_launch(const ub_cuda_fused* self, cudnnHandle_t cudnn, const ub_cuda_fused_data* data,
                     char* err)
{
    static const int64_t ids[ADDRESSES] = {IN, WEIGHTS, SCALE, SHIFT, OUT};
    void* address[ADDRESSES];
    ub_cuda_set set = {.ok = true};
    find_addresses(self, data, address);
    ub_cuda_descriptor pack = ub_cuda_begin(&set, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    ub_cuda_put(&set, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, ADDRESSES, ids);
    ub_cuda_put(&set, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, ADDRESSES,
                (const void*)address);
    ub_cuda_put(&set, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1,
                &data->workspace);
    ub_cuda_end(&set, pack);
    if (!set.ok) {
        snprintf(err, UB_CUDA_TEXT, "cuDNN: a fused convolution cannot be given its addresses");
    }
    const bool launched =
        set.ok && ub_cudnn_worked(cudnnBackendExecute(cudnn, self->plan, pack), err);
    ub_cuda_set_clear(&set);
    return launched;
}
