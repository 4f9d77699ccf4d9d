// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/chunk.h"

#include "model/conv/kernel.h"

#include <string.h>

/// One part's channels of a frame, filtered
static void
filter_part(const ub_conv_chunk* c, const ub_conv_image* in, uint32_t channel, const float* from,
            uint32_t k)
{
    const ub_conv* w = c->conv;
    const uint32_t bins = w->layer->in_size[1];
    for (uint32_t tile = 0; tile < w->tiles; ++tile) {
        for (uint32_t p = 0; p < w->in_phases; ++p) {
            const float* d[UB_CONV_FILTERED];
            float* v[UB_CONV_FILTERED];
            for (uint32_t e = 0; e < UB_CONV_FILTERED; ++e) {
                const ub_conv_term* t = &w->term[e];
                const int64_t bin =
                    w->in_base + (int64_t)(tile * w->outputs + e) * w->in_phases + (int64_t)p;
                float* row = c->input[e] + k * w->row_size[e] + tile * w->tile_step[e];
                d[e] = bin >= 0 && bin < bins ? from + (size_t)bin * in->step : c->zeros;
                v[e] = t->in_at[p] == UB_CONV_NONE || !t->columns
                           ? NULL
                           : row + (size_t)t->in_at[p] + channel;
            }
            ub_conv_transform(d, in->channels, v);
        }
    }
}

/// All channels of a frame as they are, between zeros
static void
copy_whole(const ub_conv* w, const float* from, float* row)
{
    const size_t inputs = w->layer->inputs;
    const int64_t end = w->in_base + (int64_t)(w->row_size[0] / inputs);
    const int64_t bins = w->layer->in_size[1];
    const int64_t begin = w->in_base > 0 ? w->in_base : 0;
    const int64_t first = begin < end ? begin : end;
    const int64_t last = end < bins ? end : bins;
    const size_t before = (size_t)(first - w->in_base) * inputs;
    const size_t n = last > first ? (size_t)(last - first) * inputs : 0;
    memset(row, 0, before * sizeof(float));
    memcpy(row + before, from + (n ? (size_t)first * inputs : 0), n * sizeof(float));
    memset(row + before + n, 0, (w->row_size[0] - before - n) * sizeof(float));
}

/// One part's channels of a frame as they are, between zeros
static void
copy_part(const ub_conv_chunk* c, const ub_conv_image* in, uint32_t channel, const float* from,
          uint32_t k)
{
    const ub_conv* w = c->conv;
    const uint32_t inputs = w->layer->inputs;
    const uint32_t bins = w->layer->in_size[1];
    const uint32_t pixels = (uint32_t)(w->row_size[0] / inputs);
    float* row = c->input[0] + k * w->row_size[0] + channel;
    if (in->channels == inputs && in->step == inputs) {
        copy_whole(w, from, row);
        return;
    }
    for (uint32_t i = 0; i < pixels; ++i) {
        const int64_t bin = w->in_base + (int64_t)i;
        const float* pixel = bin >= 0 && bin < bins ? from + (size_t)bin * in->step : c->zeros;
        memcpy(row + (size_t)i * inputs, pixel, in->channels * sizeof(float));
    }
}

/// Whether a frame of the image is there in all parts.  Where it is not, it is for outputs
/// that nobody wants, which come of grouping.
static bool
is_there(const ub_conv_job* job, int64_t row)
{
    bool there = true;
    for (uint32_t i = 0; i < 2 && job->in[i].channels; ++i) {
        const ub_span span = job->in[i].there;
        there = there && row >= span.first && row < (int64_t)span.first + span.count;
    }
    return there;
}

void
ub_conv_chunk_transform(const ub_conv_chunk* c, uint32_t k)
{
    const ub_conv* w = c->conv;
    const ub_conv_job* job = &c->jobs[k / c->rows * c->each];
    const int64_t row = c->row + (int64_t)(k % c->rows);
    if (row < 0 || row >= w->layer->in_size[0]) {
        return;
    }
    if (!is_there(job, row)) {
        for (uint32_t e = 0; e < w->inputs; ++e) {
            memset(c->input[e] + k * w->row_size[e], 0, w->row_size[e] * sizeof(float));
        }
        return;
    }
    for (uint32_t i = 0; i < 2 && job->in[i].channels; ++i) {
        const ub_conv_image* in = &job->in[i];
        const float* from = in->pixels + (size_t)row * w->layer->in_size[1] * in->step;
        (w->filtered ? filter_part : copy_part)(c, in, i ? job->in[0].channels : 0, from, k);
    }
}
