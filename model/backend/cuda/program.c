// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/program.h"

#include "model/file/environment.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(UB_CUDA_LAYERS >= 2 * UB_MAX_LAYERS, "a program holds any network");
_Static_assert(UB_CUDA_PHASES >= UB_MAX_PARTS, "a layer holds any parts");
_Static_assert(UB_CUDA_TARGETS > UB_MAX_LAYERS, "the next layer and all skip connections");

static uint32_t
padded(uint32_t channels)
{
    return (channels + UB_CUDA_LANES - 1) / UB_CUDA_LANES * UB_CUDA_LANES;
}

/// Values that a layer's scales and shifts take of an item's: the next layer's begin at a whole
/// lane
static uint32_t
finish_room(uint32_t filters)
{
    return padded(2 * filters);
}

static uint32_t
phases_of(const ub_layer* layer)
{
    return layer->stride[0] * layer->stride[1];
}

bool
ub_cuda_wants_fused(void)
{
    const char* wanted = ub_environment(UB_ENV_CUDA_CONV);
    return wanted && !strcmp(wanted, "fused");
}

ub_cuda_up
ub_cuda_choose_up(const ub_layer* layer)
{
    static const char* const names[] = {"gradient", "grouped", "phases"};
    const char* wanted = ub_environment(UB_ENV_CUDA_UP);
    for (int i = 0; wanted && i < 3; ++i) {
        if (!strcmp(wanted, names[i])) {
            return (ub_cuda_up)i;
        }
    }
    return phases_of(layer) * layer->filters <= UB_CUDA_LANES ? UB_UP_GROUPED
           : ub_cuda_wants_fused()                            ? UB_UP_PHASES
                                                              : UB_UP_GRADIENT;
}

/// Tensors that a decoder layer's convolutions have between them
static uint32_t
tensors_of(const ub_layer* layer)
{
    return ub_cuda_choose_up(layer) == UB_UP_PHASES ? phases_of(layer) : 1;
}

/*
  cuDNN pads both ends alike.  With fewer zeros wanted before than after, as many
  steps' worth more are put before, and the outputs they lead to are left out; with
  fewer after, the outputs at the end are.
*/
static uint32_t
even_pad(uint32_t before, uint32_t after, uint32_t stride, uint32_t* left_out)
{
    *left_out = after > before ? (after - before + stride - 1) / stride : 0;
    return before + *left_out * stride;
}

static void
size_output(ub_cuda_conv* conv)
{
    for (int axis = 0; axis < 2; ++axis) {
        conv->out_size[axis] =
            (conv->in_size[axis] + 2 * conv->pad[axis] - conv->kernel[axis]) / conv->stride[axis] +
            1;
    }
}

static void
add_encoder(ub_cuda_layer* to, const ub_layer* layer, uint32_t weights)
{
    ub_cuda_conv* conv = &to->conv[0];
    conv->inputs = padded(layer->inputs);
    conv->filters = padded(layer->filters);
    conv->weights = weights;
    for (int axis = 0; axis < 2; ++axis) {
        uint32_t left_out = 0;
        conv->in_size[axis] = layer->in_size[axis];
        conv->kernel[axis] = layer->kernel[axis];
        conv->stride[axis] = layer->stride[axis];
        conv->pad[axis] =
            even_pad(layer->pad[axis][0], layer->pad[axis][1], layer->stride[axis], &left_out);
        to->phase[0].origin[axis] = (int32_t)left_out;
        to->stride[axis] = 1;
    }
    size_output(conv);
    to->n_convs = 1;
    to->count = layer->out_size[0];
}

static void
add_part(ub_cuda_layer* to, const ub_layer* layer, const ub_part* part, uint32_t weights)
{
    const uint32_t number = to->n_convs++;
    ub_cuda_conv* conv = &to->conv[number];
    int32_t origin[2];
    conv->in_first = part->in_first[0];
    conv->inputs = padded(layer->inputs);
    conv->filters = padded(part->filters);
    conv->weights = weights;
    for (int axis = 0; axis < 2; ++axis) {
        uint32_t left_out = 0;
        conv->in_size[axis] = part->in_size[axis];
        conv->kernel[axis] = part->taps[axis];
        conv->stride[axis] = 1;
        conv->pad[axis] = even_pad(part->pad[axis][0], part->pad[axis][1], 1, &left_out);
        origin[axis] = (int32_t)left_out - (int32_t)part->q_first[axis];
    }
    size_output(conv);
    for (uint32_t j = 0; j < part->phases[0]; ++j) {
        for (uint32_t k = 0; k < part->phases[1]; ++k) {
            const uint32_t row = part->first_phase[0] + j;
            ub_cuda_phase* phase = &to->phase[row * layer->stride[1] + part->first_phase[1] + k];
            phase->conv = number;
            phase->channel = (j * part->phases[1] + k) * layer->filters;
            memcpy(phase->origin, origin, sizeof(origin));
        }
    }
}

/// As the gradient: all outputs of the input's frames, before the crop
static void
add_gradient(ub_cuda_layer* to, const ub_layer* layer, ub_span in, uint32_t weights)
{
    ub_cuda_conv* conv = &to->conv[0];
    conv->transposed = 1;
    conv->in_first = in.first;
    conv->in_size[0] = in.count;
    conv->in_size[1] = layer->in_size[1];
    conv->inputs = padded(layer->inputs);
    conv->filters = padded(layer->filters);
    conv->weights = weights;
    for (int axis = 0; axis < 2; ++axis) {
        conv->kernel[axis] = layer->kernel[axis];
        conv->stride[axis] = layer->stride[axis];
        conv->out_size[axis] =
            (conv->in_size[axis] - 1) * layer->stride[axis] + layer->kernel[axis];
        to->stride[axis] = 1;
        to->crop[axis] = layer->pad[axis][0];
    }
    to->phase[0].origin[0] = -(int32_t)(in.first * layer->stride[0]);
    to->n_convs = 1;
}

/// Returns the frames of its input that the layer reads
static ub_span
add_decoder(ub_cuda_layer* to, const ub_layer* layer, ub_span out, uint32_t weights)
{
    const ub_cuda_up up = ub_cuda_choose_up(layer);
    const bool group[2] = {up == UB_UP_GROUPED, up == UB_UP_GROUPED};
    ub_part parts[UB_MAX_PARTS];
    const uint32_t n = ub_split(layer, out, group, parts);
    const ub_span in = ub_parts_input(parts, n);
    to->first = out.first;
    to->count = out.count;
    if (up == UB_UP_GRADIENT) {
        add_gradient(to, layer, in, weights);
        return in;
    }
    for (uint32_t i = 0; i < n; ++i) {
        const ub_part* part = &parts[i];
        const uint32_t phase = part->first_phase[0] * layer->stride[1] + part->first_phase[1];
        add_part(to, layer, part, weights + (up == UB_UP_PHASES ? phase : 0));
    }
    for (int axis = 0; axis < 2; ++axis) {
        to->stride[axis] = layer->stride[axis];
        to->crop[axis] = layer->pad[axis][0];
    }
    return in;
}

static void
add_target(ub_cuda_layer* layer, uint32_t image, uint32_t channel)
{
    layer->target[layer->n_targets++] = (ub_cuda_target){image, channel};
}

/// What all layers have: where outputs go and what is done to them
static void
finish_layer(ub_cuda_program* p, const ub_network* net, uint32_t i, const ub_layer* layer)
{
    static const ub_cuda_act acts[] = {[UB_LINEAR] = UB_CUDA_LINEAR,
                                       [UB_RELU] = UB_CUDA_RELU,
                                       [UB_LEAKY_RELU] = UB_CUDA_LEAKY,
                                       [UB_SIGMOID] = UB_CUDA_SIGMOID,
                                       [UB_TANH] = UB_CUDA_TANH};
    ub_cuda_layer* to = &p->layer[i];
    p->image[i] = (ub_cuda_image){layer->in_size[0], layer->in_size[1], padded(layer->inputs)};
    to->filters = layer->filters;
    to->bins = layer->out_size[1];
    to->activation = acts[layer->activation.kind];
    to->slope = layer->activation.slope;
    to->finish = p->finish;
    p->finish += finish_room(layer->filters);
    add_target(to, i + 1 < p->layers ? i + 1 : UB_CUDA_MASK, 0);
    for (uint32_t k = 0; i < net->unet[0].encoders && k < net->unet[0].decoders; ++k) {
        if (net->unet[0].decoder[k].skip == (int32_t)i) {
            add_target(to, net->unet[0].encoders + k,
                       net->unet[0].decoder[k].inputs - layer->filters);
        }
    }
    size_t raw = 0;
    for (uint32_t k = 0; k < to->n_convs; ++k) {
        ub_cuda_conv* conv = &to->conv[k];
        conv->raw = raw;
        raw += (size_t)conv->filters * conv->out_size[0] * conv->out_size[1];
    }
    p->raw = raw > p->raw ? raw : p->raw;
}

ub_cuda_program*
ub_cuda_program_new(const ub_network* net, uint32_t first, uint32_t count)
{
    ub_cuda_program* p = (ub_cuda_program*)calloc(1, sizeof(ub_cuda_program));
    if (!p) {
        return NULL;
    }
    uint32_t weights[UB_MAX_LAYERS];
    uint32_t n = net->unet[0].encoders;
    for (uint32_t i = 0; i < net->unet[0].decoders; ++i) {
        weights[i] = n;
        n += tensors_of(&net->unet[0].decoder[i]);
    }
    p->channels = net->channels;
    p->layers = net->unet[0].encoders + net->unet[0].decoders;
    p->count = count;
    for (uint32_t i = 0; i < net->unet[0].encoders; ++i) {
        add_encoder(&p->layer[i], &net->unet[0].encoder[i], i);
    }
    ub_span out = {first, count};
    for (uint32_t i = net->unet[0].decoders; i-- > 0;) {
        out = add_decoder(&p->layer[net->unet[0].encoders + i], &net->unet[0].decoder[i], out,
                          weights[i]);
    }
    for (uint32_t i = 0; i < p->layers; ++i) {
        finish_layer(p, net, i,
                     i < net->unet[0].encoders ? &net->unet[0].encoder[i]
                                               : &net->unet[0].decoder[i - net->unet[0].encoders]);
    }
    return p;
}

/// Add [a][b][kernel] to the list as [a][kernel][b], a and b padded
static bool
pack(ub_cuda_weight_list* list, const float* from, uint32_t a, uint32_t b, uint32_t kernel)
{
    const size_t size = (size_t)padded(a) * kernel * padded(b);
    float* to = from ? (float*)calloc(size, sizeof(float)) : NULL;
    if (!to) {
        return false;
    }
    for (uint32_t i = 0; i < a; ++i) {
        for (uint32_t j = 0; j < b; ++j) {
            for (uint32_t k = 0; k < kernel; ++k) {
                to[((size_t)i * kernel + k) * padded(b) + j] =
                    from[((size_t)i * b + j) * kernel + k];
            }
        }
    }
    list->tensor[list->n++] = (ub_cuda_weights){to, size};
    return true;
}

static bool
pack_parts(ub_cuda_weight_list* list, const ub_layer* layer, const float* weight, ub_cuda_up up)
{
    const ub_span all = {0, layer->out_size[0]};
    const bool group[2] = {up == UB_UP_GROUPED, up == UB_UP_GROUPED};
    ub_part parts[UB_MAX_PARTS];
    const uint32_t base = list->n;
    bool made = true;
    const uint32_t n = ub_split(layer, all, group, parts);
    for (uint32_t i = 0; made && i < n; ++i) {
        const ub_part* part = &parts[i];
        const uint32_t taps = part->taps[0] * part->taps[1];
        const uint32_t phase = part->first_phase[0] * layer->stride[1] + part->first_phase[1];
        float* values = (float*)malloc(sizeof(float) * part->filters * layer->inputs * taps);
        if (values) {
            ub_part_weights(layer, part, weight, values);
        }
        list->n = base + phase; // an image smaller than the stride lacks some phases
        made = pack(list, values, part->filters, layer->inputs, taps);
        free(values);
    }
    list->n = base + tensors_of(layer);
    return made;
}

ub_cuda_weight_list*
ub_cuda_weights_new(const ub_model* model)
{
    const ub_network* net = &model->net;
    ub_cuda_weight_list* list = (ub_cuda_weight_list*)calloc(1, sizeof(ub_cuda_weight_list));
    bool made = list;
    for (uint32_t i = 0; made && i < net->unet[0].encoders; ++i) {
        const ub_layer* l = &net->unet[0].encoder[i];
        made = pack(list, model->unet[0].encoder[i].weight, l->filters, l->inputs,
                    l->kernel[0] * l->kernel[1]);
    }
    for (uint32_t i = 0; made && i < net->unet[0].decoders; ++i) {
        const ub_layer* l = &net->unet[0].decoder[i];
        const ub_cuda_up up = ub_cuda_choose_up(l);
        made = up == UB_UP_GRADIENT ? pack(list, model->unet[0].decoder[i].weight, l->inputs,
                                           l->filters, l->kernel[0] * l->kernel[1])
                                    : pack_parts(list, l, model->unet[0].decoder[i].weight, up);
    }
    if (!made) {
        ub_cuda_weights_free(list);
        return NULL;
    }
    return list;
}

void
ub_cuda_weights_free(ub_cuda_weight_list* list)
{
    for (uint32_t i = 0; list && i < list->n; ++i) {
        free((float*)list->tensor[i].values);
    }
    free(list);
}

static float*
put_layer(float* out, uint32_t filters, const float* scale, const float* shift)
{
    memcpy(out, scale, filters * sizeof(float));
    memcpy(out + filters, shift, filters * sizeof(float));
    return out + finish_room(filters);
}

void
ub_cuda_finish_values(const ub_network* net, const ub_folded* folded, float* out)
{
    for (uint32_t i = 0; i < net->unet[0].encoders; ++i) {
        out = put_layer(out, net->unet[0].encoder[i].filters, folded->encoder_scale[i],
                        folded->encoder_shift[i]);
    }
    for (uint32_t i = 0; i < net->unet[0].decoders; ++i) {
        out = put_layer(out, net->unet[0].decoder[i].filters, folded->decoder_scale[i],
                        folded->decoder_shift[i]);
    }
}

uint32_t
ub_cuda_finish_size(const ub_network* net)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < net->unet[0].encoders; ++i) {
        size += finish_room(net->unet[0].encoder[i].filters);
    }
    for (uint32_t i = 0; i < net->unet[0].decoders; ++i) {
        size += finish_room(net->unet[0].decoder[i].filters);
    }
    return size;
}
