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

/** What follows a convolution: y = gain * activation(scale * x + shift) + offset. */
typedef struct {
    const ub_activation* activation;
    const float* scale;  ///< [channels]
    const float* shift;  ///< [channels]
    const float* gain;   ///< [channels], or NULL for neither gain nor offset
    const float* offset; ///< [channels]
    uint32_t channels;
} ub_finish;

/// Finish n pixels of raw convolution output, which may be done in place
void ub_finish_pixels(const ub_finish* finish, const float* raw, size_t raw_step, float* out,
                      size_t out_step, size_t n);

/// Finish four pixels, which may be done in place
void ub_finish_four(const ub_finish* finish, const float* const raw[4], float* const out[4]);

/// Finish one channel of n pixels, whose first value is at `raw`, into every `out_step`th value
/// of a plane
void ub_finish_plane(const ub_finish* finish, uint32_t channel, const float* raw, size_t raw_step,
                     float* out, size_t out_step, size_t n);

#endif // UB_MODEL_CONV_PIXELS_H
