// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CONV_SHAPE_H
#define UB_MODEL_BACKEND_CONV_SHAPE_H

/**
   @file
   The sizes of one ordinary convolution: all of an encoder layer or some rows of
   it, or a part of a decoder layer.
*/

#include "model/network/phases.h"

typedef struct {
    uint32_t inputs;
    uint32_t filters;
    uint32_t in_size[2]; ///< [frames, bins], as all pairs
    uint32_t out_size[2];
    uint32_t kernel[2];
    uint32_t stride[2];
    uint32_t pad[2][2]; ///< [axis][before, after]
} ub_conv_shape;

/// The rows `out` of an encoder layer's output, from the rows of its input that they need
ub_conv_shape ub_encoder_shape(const ub_layer* layer, ub_span out);

ub_conv_shape ub_part_shape(const ub_layer* layer, const ub_part* part);

#endif // UB_MODEL_BACKEND_CONV_SHAPE_H
