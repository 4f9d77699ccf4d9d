// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/plane.h"

#include "model/conv/kernel.h"

#include <string.h>

#define ALIGNMENT 64U

bool
ub_conv_is_swept(const ub_layer* layer, bool planes)
{
    return planes && !layer->transposed && layer->stride[0] == 1 && layer->stride[1] == 1;
}

/// Bins of an input frame with the zeros around them
static size_t
padded(const ub_layer* l)
{
    return (size_t)l->out_size[1] + (size_t)(l->kernel[1] - 1) * l->dilation[1];
}

size_t
ub_conv_sweep_scratch(const ub_conv* conv)
{
    const ub_layer* l = conv->layer;
    const size_t size = sizeof(float) * (padded(l) * l->kernel[0] * l->inputs + l->out_size[1]);
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/// Every step'th value between zeros
static void
take(const float* from, size_t step, const ub_layer* l, float* row)
{
    const int64_t n = (int64_t)padded(l);
    const int64_t before = l->pad[1][0];
    for (int64_t i = 0; i < n; ++i) {
        const int64_t bin = i - before;
        row[i] = bin >= 0 && bin < l->in_size[1] ? from[(size_t)bin * step] : 0.0f;
    }
}

/// The input frames of an output frame, [taps of frames][inputs][padded bins]
static void
take_frames(const ub_conv* w, const ub_conv_job* job, uint32_t t, float* rows)
{
    const ub_layer* l = w->layer;
    for (uint32_t j = 0; j < l->kernel[0]; ++j) {
        const int64_t frame = (int64_t)t + (int64_t)j * l->dilation[0] - (int64_t)l->pad[0][0];
        float* row = rows + j * l->inputs * padded(l);
        if (frame < 0 || frame >= l->in_size[0]) {
            memset(row, 0, l->inputs * padded(l) * sizeof(float));
            continue;
        }
        for (int part = 0; part < 2; ++part) {
            const ub_conv_image* in = &job->in[part];
            const float* from = in->pixels + (size_t)frame * l->in_size[1] * in->step;
            for (uint32_t c = 0; c < in->channels; ++c, row += padded(l)) {
                take(from + c, in->step, l, row);
            }
        }
    }
}

static void
add_all(const ub_conv* w, uint32_t filter, const float* rows, float* sums)
{
    const ub_layer* l = w->layer;
    const size_t kernel = (size_t)l->kernel[0] * l->kernel[1];
    memset(sums, 0, l->out_size[1] * sizeof(float));
    for (uint32_t c = 0; c < l->inputs; ++c) {
        const float* weight = (const float*)w->weights + (filter * l->inputs + c) * kernel;
        for (uint32_t j = 0; j < l->kernel[0]; ++j) {
            const float* row = rows + (j * l->inputs + c) * padded(l);
            for (uint32_t k = 0; k < l->kernel[1]; ++k) {
                ub_conv_add_scaled(*weight++, row + (size_t)k * l->dilation[1], l->out_size[1],
                                   sums);
            }
        }
    }
}

void
ub_conv_sweep(const ub_conv* w, const ub_conv_job* job, ub_span span, void* scratch)
{
    const ub_layer* l = w->layer;
    float* sums = (float*)scratch;
    float* rows = sums + l->out_size[1];
    for (uint32_t t = span.first; t < span.first + span.count; ++t) {
        take_frames(w, job, t, rows);
        for (uint32_t f = 0; f < l->filters; ++f) {
            add_all(w, f, rows, sums);
            for (uint32_t i = 0; i < job->n_out; ++i) {
                const ub_conv_out* out = &job->out[i];
                const size_t at = f * out->step + (size_t)(t - out->first) * l->out_size[1];
                ub_finish_plane(&out->finish, f, sums, 1, out->out + at, 1, l->out_size[1]);
            }
        }
    }
}
