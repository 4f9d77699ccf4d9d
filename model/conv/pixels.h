// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_PIXELS_H
#define UB_MODEL_CONV_PIXELS_H

/**
   @file
   Moving images between layers where a pixel's channels lie side by side,
   [frames][bins][channels]: what is left to do around the convolutions.  Steps are
   from pixel to pixel, in values.
*/

#include "model/network/network.h"

/// Planes [channels][pixels] to pixels [pixels][channels]
void ub_planes_to_pixels(const float* planes, uint32_t channels, size_t pixels, float* out);

/** What follows a convolution: y = activation(scale * x + shift). */
typedef struct {
    const ub_activation* activation;
    const float* scale; ///< [channels]
    const float* shift; ///< [channels]
    uint32_t channels;
} ub_finish;

/// Whether an activation is no piecewise linear one
bool ub_activation_is_smooth(const ub_activation* activation);

/// The line below 0 of one that is
float ub_activation_slope(const ub_activation* activation);

/// Finish n pixels of raw convolution output
void ub_finish_pixels(const ub_finish* finish, const float* raw, size_t raw_step, float* out,
                      size_t out_step, size_t n);

/// Finish one channel of n pixels into every `out_step`th value of a plane
void ub_finish_plane(const ub_finish* finish, uint32_t channel, const float* raw, size_t raw_step,
                     float* out, size_t out_step, size_t n);

#endif // UB_MODEL_CONV_PIXELS_H
