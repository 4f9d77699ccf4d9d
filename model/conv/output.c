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
    for (uint32_t tile = 0; tile < w->tiles; ++tile) {
        for (uint32_t p = 0; p < w->out_phases; ++p) {
            const float* m[UB_CONV_FILTERED];
            float* y[UB_CONV_OUTS][UB_CONV_OUTPUTS];
            find_products(c, p, at + tile, m);
            for (uint32_t i = 0; i < job->n_out * UB_CONV_OUTPUTS; ++i) {
                const ub_conv_out* out = &job->out[i / UB_CONV_OUTPUTS];
                const int64_t q = tile * UB_CONV_OUTPUTS + i % UB_CONV_OUTPUTS;
                const int64_t bin = w->out_base + q * w->out_phases + (int64_t)p;
                const bool there = bin >= 0 && bin < bins;
                y[i / UB_CONV_OUTPUTS][i % UB_CONV_OUTPUTS] =
                    there ? out->out + (size_t)((line - out->first) * bins + bin) * out->step
                          : c->spare;
            }
            ub_conv_back(m, w->layer->filters, y[0]);
            for (uint32_t i = job->n_out; i-- > 0;) { // the sums are where the first one will be
                ub_finish_four(&job->out[i].finish, (const float* const*)y[0], y[i]);
            }
        }
    }
}

/// Positions of a phase that lie before the image's bins, and how many lie in it
static uint32_t
find_bins(const ub_conv* w, uint32_t phase, uint32_t* count)
{
    const uint32_t s = w->layer->transposed ? w->layer->stride[1] : 1;
    const int64_t base = w->out_base + (int64_t)(phase % s);
    const uint32_t before = base < 0 ? (uint32_t)((-base + (int64_t)s - 1) / (int64_t)s) : 0;
    const int64_t left = (int64_t)w->layer->out_size[1] - base - (int64_t)before * s;
    *count = left > 0 ? (uint32_t)((left + (int64_t)s - 1) / (int64_t)s) : 0;
    return before;
}

static void
finish_direct(const ub_conv_chunk* c, const ub_conv_out* out, int64_t line, size_t at)
{
    const ub_conv* w = c->conv;
    const size_t row = (size_t)(line - out->first) * w->layer->out_size[1];
    for (uint32_t p = 0; p < w->out_phases; ++p) {
        const uint32_t width = w->term[p].width;
        uint32_t count = 0;
        const uint32_t before = find_bins(w, p, &count);
        const size_t bin = row + (size_t)(w->out_base + p + (int64_t)before * w->out_phases);
        const float* raw = c->product[p] + (at + before) * width;
        for (uint32_t plane = 0; w->planes && plane < w->layer->filters; ++plane) {
            ub_finish_plane(&out->finish, plane, raw + plane, width,
                            out->out + plane * out->step + bin, w->out_phases, count);
        }
        if (!w->planes) {
            ub_finish_pixels(&out->finish, raw, width, out->out + bin * out->step,
                             w->out_phases * out->step, count);
        }
    }
}

/// The sums of a line of grouped planes
static void
add_planes(const ub_conv_chunk* c, size_t at)
{
    const ub_conv* w = c->conv;
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
}

/// A line of grouped planes: as many frames as the stride
static void
finish_planes(const ub_conv_chunk* c, const ub_conv_out* out, int64_t line)
{
    const ub_conv* w = c->conv;
    const ub_layer* l = w->layer;
    const size_t width = w->term[0].width;
    for (uint32_t p = 0; p < w->out_phases; ++p) {
        const int64_t s = l->stride[1];
        const int64_t frame = line * l->stride[0] + (int64_t)p / s - (int64_t)l->pad[0][0];
        const bool wanted =
            frame >= c->wanted.first && frame < (int64_t)c->wanted.first + c->wanted.count;
        uint32_t count = 0;
        const uint32_t before = find_bins(w, p, &count);
        for (uint32_t plane = 0; wanted && plane < l->filters; ++plane) {
            float* row =
                out->out + plane * out->step + (size_t)(frame - out->first) * l->out_size[1];
            ub_finish_plane(&out->finish, plane, c->raw + before * width + p * l->filters + plane,
                            width, row + w->out_base + (int64_t)p % s + (int64_t)before * s,
                            (size_t)s, count);
        }
    }
}

static void
finish_line(const ub_conv_chunk* c, const ub_conv_job* job, int64_t line, size_t at)
{
    const ub_conv* w = c->conv;
    if (w->filtered && !w->grouped) {
        finish_filtered(c, job, line, at);
        return;
    }
    if (w->grouped) {
        add_planes(c, at);
    }
    for (uint32_t i = 0; i < job->n_out; ++i) {
        if (w->grouped) {
            finish_planes(c, &job->out[i], line);
        } else {
            finish_direct(c, &job->out[i], line, at);
        }
    }
}

void
ub_conv_chunk_finish(const ub_conv_chunk* c, uint32_t k)
{
    const ub_conv_slot* slot = &c->slots[k];
    for (uint32_t i = 0; i < c->each; ++i) {
        finish_line(c, &c->jobs[slot->job * c->each + i], slot->line, (size_t)k * c->conv->tiles);
    }
}
