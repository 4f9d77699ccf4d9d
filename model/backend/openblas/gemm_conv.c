// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/openblas/gemm_conv.h"

#include <cblas.h>
#include <omp.h>
#include <string.h>

#define BLOCK_VALUES (384U << 10) ///< Spread-out values in a block, which should stay in cache
#define MIN_BLOCK    16U          ///< Pixels

static size_t
seen_values(const ub_conv_shape* shape)
{
    return (size_t)shape->kernel[0] * shape->kernel[1] * shape->inputs;
}

static uint32_t
block_pixels(const ub_conv_shape* shape)
{
    const uint32_t all = shape->out_size[0] * shape->out_size[1];
    const uint32_t fit = (uint32_t)(BLOCK_VALUES / seen_values(shape));
    const uint32_t block = fit > MIN_BLOCK ? fit : MIN_BLOCK;
    return block < all ? block : all;
}

size_t
ub_gemm_scratch(const ub_conv_shape* shape)
{
    return block_pixels(shape) * (seen_values(shape) + shape->filters);
}

void
ub_gemm_pack(const ub_conv_shape* shape, const float* weights, float* out)
{
    const size_t taps = (size_t)shape->kernel[0] * shape->kernel[1];
    for (size_t k = 0; k < taps; ++k) {
        for (uint32_t i = 0; i < shape->inputs; ++i) {
            for (uint32_t f = 0; f < shape->filters; ++f) {
                *out++ = weights[((size_t)f * shape->inputs + i) * taps + k];
            }
        }
    }
}

/// What the kernel sees from one output pixel
static void
spread_pixel(const ub_conv_shape* s, const float* src, uint32_t t, uint32_t b, float* out)
{
    const size_t run = (size_t)s->kernel[1] * s->inputs;
    const int64_t x = (int64_t)b * s->stride[1] - s->pad[1][0];
    const int64_t first = x < 0 ? 0 : x;
    const int64_t end = x + s->kernel[1] > s->in_size[1] ? s->in_size[1] : x + s->kernel[1];
    const size_t before = (size_t)(first - x) * s->inputs;
    const size_t seen = end > first ? (size_t)(end - first) * s->inputs : 0;
    for (uint32_t j = 0; j < s->kernel[0]; ++j, out += run) {
        const int64_t y = (int64_t)t * s->stride[0] + j - s->pad[0][0];
        if (y < 0 || y >= s->in_size[0] || seen < run) {
            memset(out, 0, run * sizeof(float));
        }
        if (y >= 0 && y < s->in_size[0] && seen) {
            const float* from = src + ((size_t)y * s->in_size[1] + (size_t)first) * s->inputs;
            memcpy(out + before, from, seen * sizeof(float));
        }
    }
}

void
ub_gemm_conv(const ub_conv_shape* shape, const float* weights, const float* src,
             const ub_finish* finish, float* out, float* scratch, size_t scratch_step)
{
    const int all = (int)(shape->out_size[0] * shape->out_size[1]);
    const int block = (int)block_pixels(shape);
    const int depth = (int)seen_values(shape);
    const int filters = (int)shape->filters;
#pragma omp parallel for schedule(static)
    for (int at = 0; at < all; at += block) {
        const int n = all - at < block ? all - at : block;
        float* spread = scratch + (size_t)omp_get_thread_num() * scratch_step;
        float* raw =
            finish ? spread + (size_t)block * (size_t)depth : out + (size_t)at * (size_t)filters;
        for (int i = 0; i < n; ++i) {
            const uint32_t pixel = (uint32_t)(at + i);
            spread_pixel(shape, src, pixel / shape->out_size[1], pixel % shape->out_size[1],
                         spread + (size_t)i * (size_t)depth);
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, filters, depth, 1.0f, spread,
                    depth, weights, filters, 0.0f, raw, filters);
        if (finish) {
            ub_finish_pixels(finish, raw, shape->filters, out + (size_t)at * shape->filters,
                             shape->filters, (size_t)n, false);
        }
    }
}
