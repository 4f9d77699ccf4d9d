// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/reference/loops.h"

#include <string.h>

/// Positions that a kernel reaches over
static uint32_t
reach(const ub_layer* layer, int axis)
{
    return (layer->kernel[axis] - 1) * layer->dilation[axis] + 1;
}

/// Values per phase in a row of an image with its padding or before its crop
static size_t
phase_size(const ub_layer* layer)
{
    return (layer->out_size[1] + layer->in_size[1] + layer->pad[1][0] + layer->pad[1][1] +
            reach(layer, 1)) /
               layer->stride[1] +
           reach(layer, 1) + 1;
}

/// Frames of an image with its padding or before its crop
static size_t
all_frames(const ub_layer* l)
{
    return l->transposed ? (size_t)(l->in_size[0] - 1) * l->stride[0] + l->kernel[0]
                         : (size_t)l->in_size[0] + l->pad[0][0] + l->pad[0][1];
}

size_t
ub_loops_scratch(const ub_layer* l)
{
    return (l->transposed ? 1 : l->inputs) * all_frames(l) * phase_size(l) * l->stride[1];
}

/// Copy an image with its zero padding, rows in phases: [inputs][frames + pad][phase][bins]
static void
pad_image(const ub_layer* l, const double* const* x, double* padded)
{
    const size_t phase = phase_size(l);
    const size_t row = phase * l->stride[1];
    const size_t frames = all_frames(l);
    memset(padded, 0, l->inputs * frames * row * sizeof(double));
    for (uint32_t c = 0; c < l->inputs; ++c) {
        for (uint32_t t = 0; t < l->in_size[0]; ++t) {
            const double* from = x[c] + (size_t)t * l->in_size[1];
            double* to = padded + (c * frames + t + l->pad[0][0]) * row;
            for (uint32_t b = 0; b < l->in_size[1]; ++b) {
                const uint32_t at = b + l->pad[1][0];
                to[at % l->stride[1] * phase + at / l->stride[1]] = from[b];
            }
        }
    }
}

/// Add one tap's products to a row of the output
static void
add_tap(const ub_layer* l, uint32_t j, uint32_t k, double factor, const double* in, double* out)
{
    const size_t phase = phase_size(l);
    const uint32_t at = k * l->dilation[1];
    const double* restrict from = in + j * l->dilation[0] * phase * l->stride[1] +
                                  at % l->stride[1] * phase + at / l->stride[1];
    double* restrict y = out;
    for (size_t b = 0; b < l->out_size[1]; ++b) {
        y[b] += factor * from[b];
    }
}

// out[c][t][b] = sum over i, j, k of weight[c][i][j][k] *
//                padded[i][t * stride + j * dilation][b * stride + k * dilation]
void
ub_convolve(const ub_layer* l, const float* weight, const double* const* x, double* scratch,
            double* out)
{
    const size_t row = phase_size(l) * l->stride[1];
    const size_t frames = all_frames(l);
    const uint32_t kernel = l->kernel[0] * l->kernel[1];
    pad_image(l, x, scratch);
    memset(out, 0, (size_t)l->filters * l->out_size[0] * l->out_size[1] * sizeof(double));
    for (uint32_t c = 0; c < l->filters; ++c) {
        for (uint32_t t = 0; t < l->out_size[0]; ++t) {
            double* y = out + ((size_t)c * l->out_size[0] + t) * l->out_size[1];
            for (uint32_t i = 0; i < l->inputs; ++i) {
                const float* w = weight + ((size_t)c * l->inputs + i) * kernel;
                const double* in = scratch + (i * frames + (size_t)t * l->stride[0]) * row;
                for (uint32_t n = 0; n < kernel; ++n) {
                    add_tap(l, n / l->kernel[1], n % l->kernel[1], (double)w[n], in, y);
                }
            }
        }
    }
}

/// Add one channel's transposed convolution to full[frames][phase][bins], before its crop:
/// full[t * stride + j][b * stride + k] += weight[j][k] x[t][b]
static void
spread(const ub_layer* l, const float* w, const double* x, double* full)
{
    const size_t phase = phase_size(l);
    const size_t row = phase * l->stride[1];
    const size_t bins = l->in_size[1];
    for (uint32_t t = 0; t < l->in_size[0]; ++t) {
        const double* restrict from = x + t * bins;
        for (uint32_t j = 0; j < l->kernel[0]; ++j) {
            for (uint32_t k = 0; k < l->kernel[1]; ++k) {
                double* restrict y = full + ((size_t)t * l->stride[0] + j) * row +
                                     k % l->stride[1] * phase + k / l->stride[1];
                const double factor = (double)w[j * l->kernel[1] + k];
                for (size_t b = 0; b < bins; ++b) {
                    y[b] += factor * from[b];
                }
            }
        }
    }
}

void
ub_convolve_transposed(const ub_layer* l, const float* weight, const double* const* x,
                       double* scratch, double* out)
{
    const size_t phase = phase_size(l);
    const size_t row = phase * l->stride[1];
    const size_t kernel = (size_t)l->kernel[0] * l->kernel[1];
    for (uint32_t c = 0; c < l->filters; ++c) {
        memset(scratch, 0, all_frames(l) * row * sizeof(double));
        for (uint32_t i = 0; i < l->inputs; ++i) {
            spread(l, weight + ((size_t)i * l->filters + c) * kernel, x[i], scratch);
        }
        for (uint32_t t = 0; t < l->out_size[0]; ++t) {
            const double* from = scratch + (t + l->pad[0][0]) * row;
            double* y = out + ((size_t)c * l->out_size[0] + t) * l->out_size[1];
            for (uint32_t b = 0; b < l->out_size[1]; ++b) {
                const uint32_t at = b + l->pad[1][0];
                y[b] = from[at % l->stride[1] * phase + at / l->stride[1]];
            }
        }
    }
}
