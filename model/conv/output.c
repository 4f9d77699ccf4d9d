// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/chunk.h"

#include "model/conv/kernel.h"

/// Products of an output phase at one tile, NULL for terms that it has none of
static void
find_products(const ub_conv_chunk* c, uint32_t phase, size_t at, const float* m[UB_CONV_FILTERED])
{
    for (uint32_t k = 0; k < UB_CONV_FILTERED; ++k) {
        const ub_conv_term* t = &c->conv->term[k];
        m[k] = t->out_at[phase] == UB_CONV_NONE || !t->depth
                   ? NULL
                   : c->product[k] + at * t->width + t->out_at[phase];
    }
}

static void
finish_filtered(const ub_conv_chunk* c, const ub_conv_job* job, int64_t line, size_t at)
{
    const ub_conv* w = c->conv;
    const int64_t bins = w->layer->out_size[1];
    float* row = job->out + (size_t)((line - job->out_first) * bins) * job->out_step;
    for (uint32_t tile = 0; tile < w->tiles; ++tile) {
        for (uint32_t p = 0; p < w->out_phases; ++p) {
            const float* m[UB_CONV_FILTERED];
            float* y[UB_CONV_OUTPUTS];
            find_products(c, p, at + tile, m);
            for (uint32_t o = 0; o < UB_CONV_OUTPUTS; ++o) {
                const int64_t q = tile * UB_CONV_OUTPUTS + o;
                const int64_t bin = w->out_base + q * w->out_phases + (int64_t)p;
                y[o] = bin >= 0 && bin < bins ? row + (size_t)bin * job->out_step : c->spare;
            }
            ub_conv_back(m, job->finish.channels, y);
            ub_conv_finish(&job->finish, y);
        }
    }
}

/// Positions of a phase that lie before the image's bins, and how many lie in it
static uint32_t
find_bins(const ub_conv* w, uint32_t phase, uint32_t* count)
{
    const uint32_t s = w->kind == UB_CONV_STRIDED ? 1 : w->layer->stride[1];
    const int64_t base = w->out_base + (int64_t)(phase % s);
    const uint32_t before = base < 0 ? (uint32_t)((-base + (int64_t)s - 1) / (int64_t)s) : 0;
    const int64_t left = (int64_t)w->layer->out_size[1] - base - (int64_t)before * s;
    *count = left > 0 ? (uint32_t)((left + (int64_t)s - 1) / (int64_t)s) : 0;
    return before;
}

static void
finish_direct(const ub_conv_chunk* c, const ub_conv_job* job, int64_t line, size_t at)
{
    const ub_conv* w = c->conv;
    const size_t row = (size_t)(line - job->out_first) * w->layer->out_size[1];
    for (uint32_t p = 0; p < w->out_phases; ++p) {
        const uint32_t width = w->term[p].width;
        uint32_t count = 0;
        const uint32_t before = find_bins(w, p, &count);
        const size_t bin = row + (size_t)(w->out_base + p + (int64_t)before * w->out_phases);
        const float* raw = c->product[p] + (at + before) * width;
        for (uint32_t plane = 0; w->kind == UB_CONV_MASK && plane < w->layer->filters; ++plane) {
            ub_finish_plane(&job->finish, plane, raw, width, job->out + plane * job->out_step + bin,
                            w->out_phases, count);
        }
        if (w->kind != UB_CONV_MASK) {
            ub_finish_pixels(&job->finish, raw, width, job->out + bin * job->out_step,
                             w->out_phases * job->out_step, count);
        }
    }
}

/// A line of a filtered mask: as many frames as the stride
static void
finish_mask(const ub_conv_chunk* c, const ub_conv_job* job, int64_t line, size_t at)
{
    const ub_conv* w = c->conv;
    const ub_layer* l = w->layer;
    const size_t width = w->term[0].width;
    for (uint32_t tile = 0; tile < w->tiles; ++tile) {
        const float* m[UB_CONV_FILTERED];
        float* y[UB_CONV_OUTPUTS];
        find_products(c, 0, at + tile, m);
        for (uint32_t o = 0; o < UB_CONV_OUTPUTS; ++o) {
            y[o] = c->raw + (size_t)(tile * UB_CONV_OUTPUTS + o) * width;
        }
        ub_conv_back(m, w->term[0].columns, y);
    }
    for (uint32_t p = 0; p < w->out_phases; ++p) {
        const int64_t s = l->stride[1];
        const int64_t frame = line * l->stride[0] + (int64_t)p / s - (int64_t)l->pad[0][0];
        const bool wanted =
            frame >= c->wanted.first && frame < (int64_t)c->wanted.first + c->wanted.count;
        uint32_t count = 0;
        const uint32_t before = find_bins(w, p, &count);
        for (uint32_t plane = 0; wanted && plane < l->filters; ++plane) {
            float* row = job->out + plane * job->out_step +
                         (size_t)(frame - job->out_first) * l->out_size[1];
            ub_finish_plane(&job->finish, plane, c->raw + before * width + p * l->filters, width,
                            row + w->out_base + (int64_t)p % s + (int64_t)before * s, (size_t)s,
                            count);
        }
    }
}

static void
finish_line(const ub_conv_chunk* c, const ub_conv_job* job, int64_t line, size_t at)
{
    const ub_conv* w = c->conv;
    (w->grouped ? finish_mask : w->filtered ? finish_filtered : finish_direct)(c, job, line, at);
}

void
ub_conv_chunk_finish(const ub_conv_chunk* c, uint32_t k)
{
    const ub_conv_slot* slot = &c->slots[k];
    for (uint32_t i = 0; i < c->each; ++i) {
        finish_line(c, &c->jobs[slot->job * c->each + i], slot->line, (size_t)k * c->conv->tiles);
    }
}
