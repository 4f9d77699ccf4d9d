// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/convs.h"

#include "model/backend/cuda/phases.h"
#include "model/backend/cuda/up.h"

#include <string.h>

_Static_assert(UB_CUDA_PHASES >= UB_MAX_PARTS, "a layer holds any parts");

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
    conv->inputs = ub_cuda_padded(layer->inputs);
    conv->filters = ub_cuda_padded(layer->filters);
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
    conv->inputs = ub_cuda_padded(layer->inputs);
    conv->filters = ub_cuda_padded(part->filters);
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
    conv->inputs = ub_cuda_padded(layer->inputs);
    conv->filters = ub_cuda_padded(layer->filters);
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

ub_span
ub_cuda_add_convs(ub_cuda_layer* to, const ub_layer* layer, ub_span out, uint32_t weights)
{
    return (layer->transposed ? add_transposed : add_strided)(to, layer, out, weights);
}
