// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/direct.h"

static uint32_t
phases_of(const ub_cuda_layer* layer)
{
    return layer->stride[0] * layer->stride[1];
}

/// Whether convolution k has one phase, whose filters fill its lanes
static bool
is_direct(const ub_cuda_layer* layer, uint32_t k)
{
    uint32_t phases = 0;
    for (uint32_t p = 0; p < phases_of(layer); ++p) {
        phases += layer->phase[p].conv == k;
    }
    return phases == 1 && !layer->conv[k].transposed && layer->conv[k].filters == layer->filters &&
           layer->conv[k].dilation[0] == 1 && layer->conv[k].dilation[1] == 1;
}

/// Whether a target is an image that begins at a whole lane and, if there are several, that
/// the layer fills; and an output that cuDNN makes
static bool
takes(const ub_cuda_program* program, const ub_cuda_layer* layer, const ub_cuda_target* target)
{
    if (target->image == UB_CUDA_MASK || target->channel % UB_CUDA_LANES || target->output ||
        layer->output[0].after || layer->output[0].activation == UB_CUDA_ELU) {
        return false;
    }
    const ub_cuda_image* image = &program->image[target->image];
    return layer->n_targets == 1 ||
           (!layer->first && layer->count == image->frames && layer->bins == image->bins);
}

bool
ub_cuda_is_direct(const ub_cuda_program* program, uint32_t number)
{
    const ub_cuda_layer* layer = &program->layer[number];
    // An image smaller than the stride lacks some phases' convolutions
    bool direct = layer->n_convs == phases_of(layer) && layer->count >= layer->stride[0] &&
                  layer->bins >= layer->stride[1];
    for (uint32_t k = 0; direct && k < layer->n_convs; ++k) {
        direct = is_direct(layer, k);
    }
    for (uint32_t i = 0; direct && i < layer->n_targets; ++i) {
        direct = takes(program, layer, &layer->target[i]);
    }
    return direct;
}

ub_cuda_direct
ub_cuda_direct_of(const ub_cuda_layer* layer, uint32_t k)
{
    const ub_cuda_conv* conv = &layer->conv[k];
    const uint32_t first[2] = {layer->first, 0};
    const uint32_t count[2] = {layer->count, layer->bins};
    ub_cuda_direct d = {{0}, {0}, {{0}}, {0}, {0}, {0}};
    uint32_t p = 0;
    while (layer->phase[p].conv != k) {
        ++p;
    }
    const uint32_t phase[2] = {p / layer->stride[1], p % layer->stride[1]};
    for (int axis = 0; axis < 2; ++axis) {
        const uint32_t step = layer->stride[axis];
        const uint32_t begin = first[axis] + layer->crop[axis];
        const uint32_t skipped = (phase[axis] + step - begin % step) % step;
        const uint32_t row =
            (uint32_t)((int32_t)((begin + skipped) / step) + layer->phase[p].origin[axis]);
        d.out_first[axis] = first[axis] + skipped;
        d.out_step[axis] = step;
        d.out_size[axis] = (count[axis] - skipped + step - 1) / step;
        // Rows that it reads, from as many zeros before the input on
        const uint32_t from = row * conv->stride[axis];
        const uint32_t to = from + (d.out_size[axis] - 1) * conv->stride[axis] + conv->kernel[axis];
        const uint32_t end = conv->pad[axis] + conv->in_size[axis];
        const uint32_t start = from > conv->pad[axis] ? from - conv->pad[axis] : 0;
        d.pad[axis][0] = from < conv->pad[axis] ? conv->pad[axis] - from : 0;
        d.pad[axis][1] = to > end ? to - end : 0;
        d.in_first[axis] = start + (axis ? 0 : conv->in_first);
        d.in_size[axis] = (to < end ? to : end) - conv->pad[axis] - start;
    }
    return d;
}
