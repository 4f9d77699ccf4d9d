// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/program.h"

#include "model/file/environment.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(UB_CUDA_LAYERS >= UB_MAX_STEPS, "a program holds any network");
_Static_assert(UB_CUDA_PHASES >= UB_MAX_PARTS, "a layer holds any parts");
_Static_assert(UB_CUDA_TARGETS > UB_MAX_LAYERS, "the next layer and all skip connections");
_Static_assert(UB_CUDA_OUTPUTS >= UB_MAX_STEP_IMAGES, "all images that come of a step");

static uint32_t
padded(uint32_t channels)
{
    return (channels + UB_CUDA_LANES - 1) / UB_CUDA_LANES * UB_CUDA_LANES;
}

/// Values that an output's numbers take of an item's: the next one's begin at a whole lane
static uint32_t
finish_room(const ub_step* step, uint32_t output)
{
    return padded(ub_step_numbers(step, &step->out[output]));
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

/// Tensors that a layer's convolutions have between them
static uint32_t
tensors_of(const ub_layer* layer)
{
    return layer->transposed && ub_cuda_choose_up(layer) == UB_UP_PHASES ? phases_of(layer) : 1;
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
        const uint32_t reach = (conv->kernel[axis] - 1) * conv->dilation[axis] + 1;
        conv->out_size[axis] =
            (conv->in_size[axis] + 2 * conv->pad[axis] - reach) / conv->stride[axis] + 1;
    }
}

/// Frames `out` of an ordinary convolution.  Returns the frames of its input that it reads.
static ub_span
add_strided(ub_cuda_layer* to, const ub_layer* layer, ub_span out, uint32_t weights)
{
    ub_cuda_conv* conv = &to->conv[0];
    ub_span in = ub_step_input(layer, out);
    if (!in.count) { // nothing but zeros: then all of it, of which some is used
        out = (ub_span){0, layer->out_size[0]};
        in = (ub_span){0, layer->in_size[0]};
    }
    const int64_t from = (int64_t)out.first * layer->stride[0] - layer->pad[0][0];
    const int64_t reach = (int64_t)(layer->kernel[0] - 1) * layer->dilation[0] + 1;
    const int64_t end = from + (int64_t)(out.count - 1) * layer->stride[0] + reach;
    const int64_t after = end - (int64_t)(in.first + in.count);
    // Zeros [axis][before, after]
    const uint32_t pad[2][2] = {
        {(uint32_t)((int64_t)in.first - from), after > 0 ? (uint32_t)after : 0},
        {layer->pad[1][0], layer->pad[1][1]}};
    conv->inputs = padded(layer->inputs);
    conv->filters = padded(layer->filters);
    conv->weights = weights;
    conv->in_first = in.first;
    conv->in_size[0] = in.count;
    conv->in_size[1] = layer->in_size[1];
    for (int axis = 0; axis < 2; ++axis) {
        uint32_t left_out = 0;
        conv->kernel[axis] = layer->kernel[axis];
        conv->stride[axis] = layer->stride[axis];
        conv->dilation[axis] = layer->dilation[axis];
        conv->pad[axis] = even_pad(pad[axis][0], pad[axis][1], layer->stride[axis], &left_out);
        to->phase[0].origin[axis] = (int32_t)left_out - (int32_t)(axis ? 0 : out.first);
        to->stride[axis] = 1;
    }
    size_output(conv);
    to->n_convs = 1;
    return in;
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
        conv->stride[axis] = conv->dilation[axis] = 1;
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
        conv->dilation[axis] = 1;
        conv->out_size[axis] =
            (conv->in_size[axis] - 1) * layer->stride[axis] + layer->kernel[axis];
        to->stride[axis] = 1;
        to->crop[axis] = layer->pad[axis][0];
    }
    to->phase[0].origin[0] = -(int32_t)(in.first * layer->stride[0]);
    to->n_convs = 1;
}

/// The part of a span that is there
static ub_span
clip(ub_span a, ub_span all)
{
    const uint32_t end = a.first + a.count < all.count ? a.first + a.count : all.count;
    return a.first < end ? (ub_span){a.first, end - a.first} : all;
}

/// Frames `out` of a transposed convolution.  Returns the frames of its input that it reads.
static ub_span
add_transposed(ub_cuda_layer* to, const ub_layer* layer, ub_span out, uint32_t weights)
{
    const ub_cuda_up up = ub_cuda_choose_up(layer);
    const bool group[2] = {up == UB_UP_GROUPED, up == UB_UP_GROUPED};
    ub_part parts[UB_MAX_PARTS];
    const ub_span all = {0, layer->in_size[0]};
    ub_span in = ub_step_input(layer, out);
    if (!in.count) { // nothing but zeros: then all of it, of which some is used
        in = all;
        out = (ub_span){0, layer->out_size[0]};
    }
    const uint32_t n = ub_split(layer, out, group, parts);
    if (up == UB_UP_GRADIENT) {
        add_gradient(to, layer, in, weights);
    } else {
        in = clip(ub_parts_input(parts, n), all);
    }
    for (uint32_t i = 0; up != UB_UP_GRADIENT && i < n; ++i) {
        const ub_part* part = &parts[i];
        const uint32_t phase = part->first_phase[0] * layer->stride[1] + part->first_phase[1];
        add_part(to, layer, part, weights + (up == UB_UP_PHASES ? phase : 0));
    }
    for (int axis = 0; axis < 2; ++axis) {
        to->stride[axis] = up == UB_UP_GRADIENT ? 1 : layer->stride[axis];
        to->crop[axis] = layer->pad[axis][0];
    }
    return in;
}

/// All later steps that read an image
static void
add_targets(ub_cuda_layer* to, const ub_steps* steps, uint32_t image, uint32_t output)
{
    for (uint32_t i = 0; i < steps->n; ++i) {
        uint32_t channel = 0;
        for (uint32_t k = 0; k < steps->step[i].n_in; ++k) {
            const uint32_t in = steps->step[i].in[k];
            if (in == image) {
                to->target[to->n_targets++] = (ub_cuda_target){output, i, channel};
            }
            channel += steps->image[in].channels;
        }
    }
    if (image + 1 == steps->images) {
        to->target[to->n_targets++] = (ub_cuda_target){output, UB_CUDA_MASK, 0};
    }
}

/// What all layers have: what becomes of their sums and where that goes
static void
finish_layer(ub_cuda_program* p, const ub_steps* steps, uint32_t i)
{
    static const ub_cuda_act acts[] = {
        [UB_LINEAR] = UB_CUDA_LINEAR,   [UB_RELU] = UB_CUDA_RELU, [UB_LEAKY_RELU] = UB_CUDA_LEAKY,
        [UB_SIGMOID] = UB_CUDA_SIGMOID, [UB_TANH] = UB_CUDA_TANH, [UB_ELU] = UB_CUDA_ELU};
    const ub_step* step = &steps->step[i];
    const ub_layer* layer = step->layer;
    ub_cuda_layer* to = &p->layer[i];
    p->image[i] = (ub_cuda_image){layer->in_size[0], layer->in_size[1], padded(layer->inputs)};
    to->filters = layer->filters;
    to->bins = layer->out_size[1];
    for (uint32_t k = 0; k < step->n_out; ++k) {
        const ub_step_out* out = &step->out[k];
        to->output[k] = (ub_cuda_output){acts[out->activation.kind], out->activation.slope,
                                         out->after, p->finish};
        p->finish += finish_room(step, k);
        add_targets(to, steps, out->image, k);
    }
    size_t raw = 0;
    for (uint32_t k = 0; k < to->n_convs; ++k) {
        ub_cuda_conv* conv = &to->conv[k];
        conv->raw = raw;
        raw += (size_t)conv->filters * conv->out_size[0] * conv->out_size[1];
    }
    p->raw = raw > p->raw ? raw : p->raw;
}

static ub_span
join(ub_span a, ub_span b)
{
    const uint32_t first = a.first < b.first ? a.first : b.first;
    const uint32_t end_a = a.first + a.count;
    const uint32_t end_b = b.first + b.count;
    return !a.count ? b : (ub_span){first, (end_a > end_b ? end_a : end_b) - first};
}

ub_cuda_program*
ub_cuda_program_new(const ub_steps* steps, ub_span mask)
{
    ub_span needed[UB_MAX_IMAGES] = {{0, 0}}; // as convolutions read them, with more than is used
    uint32_t weights[UB_MAX_STEPS + 1] = {0};
    ub_cuda_program* p = (ub_cuda_program*)calloc(1, sizeof(ub_cuda_program));
    if (!p) {
        return NULL;
    }
    for (uint32_t i = 0; i < steps->n; ++i) {
        weights[i + 1] = weights[i] + tensors_of(steps->step[i].layer);
    }
    p->channels = steps->image[0].channels;
    p->layers = steps->n;
    p->count = mask.count;
    needed[steps->images - 1] = mask;
    for (uint32_t i = steps->n; i-- > 0;) {
        const ub_step* step = &steps->step[i];
        const ub_span out = ub_step_output(step, needed);
        ub_cuda_layer* to = &p->layer[i];
        to->first = out.first;
        to->count = out.count;
        const ub_span in = (step->layer->transposed ? add_transposed : add_strided)(
            to, step->layer, out, weights[i]);
        for (uint32_t k = 0; k < step->n_in; ++k) {
            needed[step->in[k]] = join(needed[step->in[k]], in);
        }
    }
    for (uint32_t i = 0; i < steps->n; ++i) {
        finish_layer(p, steps, i);
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
ub_cuda_weights_new(const ub_steps* steps)
{
    ub_cuda_weight_list* list = (ub_cuda_weight_list*)calloc(1, sizeof(ub_cuda_weight_list));
    bool made = list;
    for (uint32_t i = 0; made && i < steps->n; ++i) {
        const ub_layer* l = steps->step[i].layer;
        const float* weight = steps->step[i].tensors->weight;
        const uint32_t taps = l->kernel[0] * l->kernel[1];
        if (!l->transposed) {
            made = pack(list, weight, l->filters, l->inputs, taps);
        } else if (ub_cuda_choose_up(l) == UB_UP_GRADIENT) {
            made = pack(list, weight, l->inputs, l->filters, taps);
        } else {
            made = pack_parts(list, l, weight, ub_cuda_choose_up(l));
        }
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

void
ub_cuda_finish_values(const ub_steps* steps, const ub_folded* folded, float* out)
{
    for (uint32_t i = 0; i < steps->n; ++i) {
        const ub_step* step = &steps->step[i];
        for (uint32_t k = 0; k < step->n_out; ++k) {
            memcpy(out, folded->numbers + step->out[k].numbers,
                   ub_step_numbers(step, &step->out[k]) * sizeof(float));
            out += finish_room(step, k);
        }
    }
}

uint32_t
ub_cuda_finish_size(const ub_steps* steps)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < steps->n; ++i) {
        for (uint32_t k = 0; k < steps->step[i].n_out; ++k) {
            size += finish_room(&steps->step[i], k);
        }
    }
    return size;
}
