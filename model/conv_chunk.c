// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv_chunk.h"

#include "model/conv_kernel.h"

#include <string.h>

#define ALIGNMENT 64U
#define SLICE ((size_t)64 << 10) ///< Bytes of weights that stay in cache for all tiles

static uint32_t
line_class(const ub_conv* w, int64_t line)
{
    return w->kind == UB_CONV_TRANSPOSED
               ? (uint32_t)((line + w->layer->pad[0][0]) % w->layer->stride[0])
               : 0;
}

/// The first input frame of a line
static int64_t
line_row(const ub_conv* w, int64_t line)
{
    const int64_t s = w->layer->stride[0];
    const int64_t pad = w->layer->pad[0][0];
    if (w->kind == UB_CONV_STRIDED) {
        return line * s - pad;
    }
    const int64_t q = w->kind == UB_CONV_MASK ? line : (line + pad) / s;
    return q + 1 - (int64_t)w->taps[line_class(w, line)];
}

/// At most so many input frames for some lines in a row
static uint32_t
most_rows(const ub_conv* w, uint32_t lines)
{
    const uint32_t s = w->layer->stride[0];
    if (w->kind == UB_CONV_STRIDED) {
        return (lines - 1) * s + w->taps[0];
    }
    return w->kind == UB_CONV_MASK ? lines - 1 + w->taps[0] : (lines + s - 2) / s + w->taps[0];
}

/// Place a chunk's buffers in memory, NULL to measure only.  Returns bytes.
static size_t
lay_out(ub_conv_chunk* c, char* memory)
{
    const ub_conv* w = c->conv;
    const size_t slots = (size_t)c->n * c->lines;
    size_t at = 0;
#define PLACE(pointer, type, count)                                                                \
    do {                                                                                           \
        (pointer) = memory ? (type*)(memory + at) : NULL;                                          \
        at += ((count) * sizeof(type) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;                    \
    } while (0)
    for (uint32_t k = 0; k < w->inputs; ++k) {
        PLACE(c->input[k], float, (size_t)c->n * c->rows * w->row_size[k]);
    }
    for (uint32_t k = 0; k < w->terms; ++k) {
        PLACE(c->product[k], float, slots * w->tiles * w->term[k].width);
    }
    PLACE(c->slots, ub_conv_slot, slots);
    PLACE(c->pixels, ub_conv_pixel, slots * w->tiles);
    PLACE(c->zeros, float, (size_t)w->layer->inputs);
    PLACE(c->spare, float, (size_t)w->layer->filters);
    PLACE(c->raw, float,
          w->kind == UB_CONV_MASK ? (size_t)w->tiles * UB_CONV_OUTPUTS * w->term[0].width : 0);
#undef PLACE
    return at;
}

size_t
ub_conv_chunk_size(const ub_conv* conv, uint32_t n, uint32_t lines)
{
    ub_conv_chunk c = {.conv = conv, .n = n, .lines = lines, .rows = most_rows(conv, lines)};
    return lay_out(&c, NULL);
}

/// List the lines of all jobs class by class, as those of a class share a panel
static void
list_slots(ub_conv_chunk* c)
{
    uint32_t n = 0;
    for (uint32_t class = 0; class < c->conv->classes; ++class) {
        c->class_at[class] = n;
        for (uint32_t i = 0; i < c->lines; ++i) {
            const int64_t line = c->first + (int64_t)i;
            for (uint32_t job = 0; line_class(c->conv, line) == class && job < c->n; ++job) {
                c->slots[n++] = (ub_conv_slot){line, job};
            }
        }
    }
    c->class_at[c->conv->classes] = n;
}

static void
list_pixels(ub_conv_chunk* c)
{
    ub_conv_pixel* pixel = c->pixels;
    for (uint32_t i = 0; i < c->n * c->lines; ++i) {
        const int64_t row = line_row(c->conv, c->slots[i].line) - c->row;
        for (uint32_t tile = 0; tile < c->conv->tiles; ++tile) {
            *pixel++ = (ub_conv_pixel){c->slots[i].job * c->rows + (uint32_t)row, tile};
        }
    }
}

void
ub_conv_chunk_begin(ub_conv_chunk* c, char* memory)
{
    const ub_conv* w = c->conv;
    int64_t end = INT64_MIN;
    c->row = INT64_MAX;
    for (uint32_t i = 0; i < c->lines; ++i) {
        const int64_t line = c->first + (int64_t)i;
        const int64_t row = line_row(w, line);
        const int64_t after = row + w->taps[line_class(w, line)];
        c->row = row < c->row ? row : c->row;
        end = after > end ? after : end;
    }
    c->rows = (uint32_t)(end - c->row);
    lay_out(c, memory);
    memset(c->zeros, 0, w->layer->inputs * sizeof(float));
    list_slots(c);
    list_pixels(c);
}

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
    for (uint32_t i = 0; i < pixels; ++i) {
        const int64_t bin = w->in_base + (int64_t)i;
        const float* pixel = bin >= 0 && bin < bins ? from + (size_t)bin * in->step : c->zeros;
        memcpy(row + (size_t)i * inputs, pixel, in->channels * sizeof(float));
    }
}

void
ub_conv_chunk_transform(const ub_conv_chunk* c, uint32_t k)
{
    const ub_conv* w = c->conv;
    const ub_conv_job* job = &c->jobs[k / c->rows];
    const int64_t row = c->row + (int64_t)(k % c->rows);
    const bool there = row >= 0 && row < w->layer->in_size[0];
    for (uint32_t i = 0; !there && i < w->inputs; ++i) {
        memset(c->input[i] + k * w->row_size[i], 0, w->row_size[i] * sizeof(float));
    }
    for (uint32_t i = 0; there && i < 2 && job->in[i].channels; ++i) {
        const ub_conv_image* in = &job->in[i];
        const size_t at = (size_t)(row - in->first) * w->layer->in_size[1] * in->step;
        (w->filtered ? filter_part : copy_part)(c, in, i ? job->in[0].channels : 0,
                                                in->pixels + at, k);
    }
}

/// The first input of each row of a product
static void
find_rows(const ub_conv_chunk* c, const ub_conv_term* t, uint32_t tap, uint32_t at,
          ub_conv_product* p)
{
    const ub_conv* w = c->conv;
    const float* input = c->input[t->input] + tap * w->row_size[t->input] + t->offset;
    for (uint32_t i = 0; i < p->rows; ++i) {
        const ub_conv_pixel* pixel = &c->pixels[at + i];
        p->a[i] = input + pixel->row * w->row_size[t->input] +
                  pixel->tile * w->tile_step[t->input];
    }
}

/// Some taps of a panel with all tiles from `first` on
static void
multiply_slice(const ub_conv_chunk* c, const ub_conv_panel* panel, uint32_t tap, uint32_t taps,
               uint32_t first, uint32_t n)
{
    const ub_conv* w = c->conv;
    const ub_conv_term* t = &w->term[panel->term];
    const size_t size = w->half ? sizeof(uint16_t) : sizeof(float);
    const uint32_t groups = (n + UB_CONV_ROWS - 1) / UB_CONV_ROWS;
    const size_t before = (size_t)w->taps[panel->class] * panel->column +
                          (size_t)tap * panel->vectors * w->lanes;
    ub_conv_product p = {.taps = taps,
                         .tap_step = w->row_size[t->input],
                         .depth = t->depth,
                         .b = (const char*)t->weights[panel->class] + before * t->depth * size,
                         .half = w->half,
                         .vectors = panel->vectors,
                         .more = tap,
                         .c_step = t->width};
    for (uint32_t g = 0; g < groups; ++g) { // of sizes as even as can be
        const uint32_t at = first + (uint32_t)((uint64_t)n * g / groups);
        p.rows = first + (uint32_t)((uint64_t)n * (g + 1) / groups) - at;
        p.c = c->product[panel->term] + (size_t)at * t->width + panel->column;
        find_rows(c, t, tap, at, &p);
        ub_conv_multiply(w->lanes, &p);
    }
}

void
ub_conv_chunk_multiply(const ub_conv_chunk* c, uint32_t k)
{
    const ub_conv* w = c->conv;
    const ub_conv_panel* panel = &w->panel[k];
    const uint32_t taps = w->taps[panel->class];
    const size_t tap_size = (size_t)w->term[panel->term].depth * panel->vectors * w->lanes *
                            (w->half ? sizeof(uint16_t) : sizeof(float));
    const uint32_t fit = (uint32_t)(SLICE / tap_size);
    const uint32_t some = fit ? fit : 1;
    const uint32_t first = c->class_at[panel->class] * w->tiles;
    const uint32_t n = c->class_at[panel->class + 1] * w->tiles - first;
    for (uint32_t tap = 0; tap < taps; tap += some) {
        multiply_slice(c, panel, tap, taps - tap < some ? taps - tap : some, first, n);
    }
}

/// Products of an output phase at one tile, NULL for terms that it has none of
static void
find_products(const ub_conv_chunk* c, uint32_t phase, size_t at,
              const float* m[UB_CONV_FILTERED])
{
    for (uint32_t k = 0; k < UB_CONV_FILTERED; ++k) {
        const ub_conv_term* t = &c->conv->term[k];
        m[k] = t->out_at[phase] == UB_CONV_NONE || !t->depth
                   ? NULL
                   : c->product[k] + at * t->width + t->out_at[phase];
    }
}

static void
finish_filtered(const ub_conv_chunk* c, const ub_conv_job* job, float* row, size_t at)
{
    const ub_conv* w = c->conv;
    const int64_t bins = w->layer->out_size[1];
    for (uint32_t tile = 0; tile < w->tiles; ++tile) {
        for (uint32_t p = 0; p < w->out_phases; ++p) {
            const float* m[UB_CONV_FILTERED];
            float* y[UB_CONV_OUTPUTS];
            find_products(c, p, at + tile, m);
            for (uint32_t o = 0; o < UB_CONV_OUTPUTS; ++o) {
                const int64_t bin =
                    w->out_base + (int64_t)(tile * UB_CONV_OUTPUTS + o) * w->out_phases + (int64_t)p;
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
finish_direct(const ub_conv_chunk* c, const ub_conv_job* job, float* row, size_t at)
{
    const ub_conv* w = c->conv;
    for (uint32_t p = 0; p < w->out_phases; ++p) {
        const uint32_t width = w->term[p].width;
        uint32_t count = 0;
        const uint32_t before = find_bins(w, p, &count);
        const int64_t bin = w->out_base + (int64_t)p + (int64_t)before * w->out_phases;
        ub_finish_pixels(&job->finish, c->product[p] + (at + before) * width, width,
                         row + (size_t)bin * job->out_step, w->out_phases * job->out_step, count,
                         false);
    }
}

/// A line of a mask: as many frames as the stride
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

void
ub_conv_chunk_finish(const ub_conv_chunk* c, uint32_t k)
{
    const ub_conv* w = c->conv;
    const ub_conv_slot* slot = &c->slots[k];
    const ub_conv_job* job = &c->jobs[slot->job];
    const size_t at = (size_t)k * w->tiles;
    if (w->kind == UB_CONV_MASK) {
        finish_mask(c, job, slot->line, at);
        return;
    }
    float* row = job->out + (size_t)(slot->line - job->out_first) * w->layer->out_size[1] *
                                job->out_step;
    (w->filtered ? finish_filtered : finish_direct)(c, job, row, at);
}
