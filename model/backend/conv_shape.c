// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/conv_shape.h"

#include "model/network/reuse.h"

#include <string.h>

ub_conv_shape
ub_encoder_shape(const ub_layer* layer, ub_span out)
{
    ub_span in;
    ub_conv_shape shape = {.inputs = layer->inputs,
                           .filters = layer->filters,
                           .out_size = {out.count, layer->out_size[1]}};
    memcpy(shape.kernel, layer->kernel, sizeof(layer->kernel));
    memcpy(shape.stride, layer->stride, sizeof(layer->stride));
    memcpy(shape.pad, layer->pad, sizeof(layer->pad));
    ub_layer_input(layer, out, &in, shape.pad[0]);
    shape.in_size[0] = in.count;
    shape.in_size[1] = layer->in_size[1];
    return shape;
}

ub_conv_shape
ub_part_shape(const ub_layer* layer, const ub_part* part)
{
    ub_conv_shape shape = {.inputs = layer->inputs, .filters = part->filters, .stride = {1, 1}};
    memcpy(shape.in_size, part->in_size, sizeof(shape.in_size));
    memcpy(shape.out_size, part->out_size, sizeof(shape.out_size));
    memcpy(shape.kernel, part->taps, sizeof(shape.kernel));
    memcpy(shape.pad, part->pad, sizeof(shape.pad));
    return shape;
}
