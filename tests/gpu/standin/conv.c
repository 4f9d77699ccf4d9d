// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Convolutions, in single precision, and what a graph does with their sums */

#include "tests/gpu/standin/standin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** A convolution with its values as packed floats. */
typedef struct {
    const standin_conv* conv;
    float* in;  ///< [items][frames][bins][channels]
    float* w;   ///< [filters][kernel frames][kernel bins][inputs]
    float* sum; ///< [items][frames][bins][channels]
} job;

static size_t
values_of(const standin_shape* s)
{
    return (size_t)(s->size[0] * s->size[1] * s->size[2] * s->size[3]);
}

/// Where value i of the packed order, channels fastest, is in a tensor.  A size of 1 is
/// that value for all.
static size_t
place(const standin_shape* shape, const int64_t* size, size_t i)
{
    const int64_t channel = (int64_t)(i % (size_t)size[1]);
    i /= (size_t)size[1];
    const int64_t bin = (int64_t)(i % (size_t)size[3]);
    i /= (size_t)size[3];
    const int64_t frame = (int64_t)(i % (size_t)size[2]);
    const int64_t at[] = {(int64_t)(i / (size_t)size[2]), channel, frame, bin};
    int64_t sum = 0;
    for (int axis = 0; axis < 4; ++axis) {
        sum += shape->size[axis] == 1 ? 0 : at[axis] * shape->stride[axis];
    }
    return (size_t)sum;
}

static float*
unpack(const standin_shape* shape, const void* data)
{
    const size_t n = values_of(shape);
    float* values = (float*)malloc(n * sizeof(float));
    for (size_t i = 0; i < n; ++i) {
        values[i] = standin_get(shape->type, data, place(shape, shape->size, i));
    }
    return values;
}

static float*
pixel(float* image, const standin_shape* s, int64_t item, int64_t row, int64_t column)
{
    return image + ((item * s->size[2] + row) * s->size[3] + column) * s->size[1];
}

/// sum[r][c][f] = sum of w[f][j][k][i] in[r * stride + j * dilation - pad][...][i]
static void
gather(const job* j, int64_t item, int64_t row, int64_t column)
{
    const standin_conv* c = j->conv;
    const int64_t taps = c->w.size[2] * c->w.size[3];
    float* out = pixel(j->sum, &c->y, item, row, column);
    for (int64_t jk = 0; jk < taps; ++jk) {
        const int64_t y = row * c->stride[0] + jk / c->w.size[3] * c->dilation[0] - c->pad[0];
        const int64_t x = column * c->stride[1] + jk % c->w.size[3] * c->dilation[1] - c->pad[1];
        if (y < 0 || x < 0 || y >= c->x.size[2] || x >= c->x.size[3]) {
            continue;
        }
        const float* in = pixel(j->in, &c->x, item, y, x);
        for (int64_t f = 0; f < c->w.size[0]; ++f) {
            const float* w = j->w + (f * taps + jk) * c->w.size[1];
            for (int64_t i = 0; i < c->w.size[1]; ++i) {
                out[f] += w[i] * in[i];
            }
        }
    }
}

/// sum[r * stride + j][...][f] += sum of w[i][j][k][f] in[r][c][i]
static void
scatter(const job* j, int64_t item, int64_t row, int64_t column)
{
    const standin_conv* c = j->conv;
    const int64_t taps = c->w.size[2] * c->w.size[3];
    const float* in = pixel(j->in, &c->x, item, row, column);
    for (int64_t jk = 0; jk < taps; ++jk) {
        float* out = pixel(j->sum, &c->y, item, row * c->stride[0] + jk / c->w.size[3],
                           column * c->stride[1] + jk % c->w.size[3]);
        for (int64_t i = 0; i < c->w.size[0]; ++i) {
            const float* w = j->w + (i * taps + jk) * c->w.size[1];
            for (int64_t f = 0; f < c->w.size[1]; ++f) {
                out[f] += w[f] * in[i];
            }
        }
    }
}

static float
apply(const standin_conv* c, size_t i, float x)
{
    for (int k = 0; k < c->steps; ++k) {
        const standin_step* s = &c->step[k];
        const float b = s->values
                            ? standin_get(s->shape.type, s->values, place(&s->shape, c->y.size, i))
                            : 0.0f;
        x = s->mode == CUDNN_POINTWISE_MUL           ? x * b
            : s->mode == CUDNN_POINTWISE_ADD         ? x + b
            : s->mode == CUDNN_POINTWISE_SIGMOID_FWD ? 1.0f / (1.0f + expf(-x))
            : s->mode == CUDNN_POINTWISE_TANH_FWD    ? tanhf(x)
            : x > 0.0f                               ? x
                                                     : x * (float)s->slope;
    }
    return x;
}

void
standin_convolve(const void* conv)
{
    const standin_conv* c = (const standin_conv*)conv;
    const size_t n = values_of(&c->y);
    const int64_t* rows = c->transposed ? c->x.size : c->y.size;
    const job j = {c, unpack(&c->x, c->x_data), unpack(&c->w, c->w_data),
                   (float*)calloc(n, sizeof(float))};
    for (int64_t i = 0; i < rows[0] * rows[2] * rows[3]; ++i) {
        (c->transposed ? scatter : gather)(&j, i / rows[3] / rows[2], i / rows[3] % rows[2],
                                           i % rows[3]);
    }
    for (size_t i = 0; i < n; ++i) {
        standin_put(c->y.type, c->y_data, place(&c->y, c->y.size, i), apply(c, i, j.sum[i]));
    }
    free(j.in);
    free(j.w);
    free(j.sum);
}
