// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/chunk.h"

#include <string.h>

#define ALIGNMENT 64U

static uint32_t
line_class(const ub_conv* w, int64_t line)
{
    return w->classes > 1 ? (uint32_t)((line + w->layer->pad[0][0]) % w->layer->stride[0]) : 0;
}

/// The first input frame of a line
static int64_t
line_row(const ub_conv* w, int64_t line)
{
    const int64_t s = w->layer->stride[0];
    const int64_t pad = w->layer->pad[0][0];
    if (!w->layer->transposed) {
        return line * s - pad;
    }
    const int64_t q = w->grouped ? line : (line + pad) / s;
    return q + 1 - (int64_t)w->taps[line_class(w, line)];
}

/// At most so many input frames for some lines in a row
static uint32_t
most_rows(const ub_conv* w, uint32_t lines)
{
    const uint32_t s = w->layer->stride[0];
    if (!w->layer->transposed) {
        return (lines - 1) * s + w->taps[0];
    }
    return w->grouped ? lines - 1 + w->taps[0] : (lines + s - 2) / s + w->taps[0];
}

/// Place a chunk's buffers in memory, NULL to measure only.  Returns bytes.
static size_t
lay_out(ub_conv_chunk* c, char* memory)
{
    const ub_conv* w = c->conv;
    const size_t slots = (size_t)c->n * c->lines;
    size_t at = 0;
#define PLACE(pointer, type, count)                                             \
    do {                                                                        \
        (pointer) = memory ? (type*)(memory + at) : NULL;                       \
        at += ((count) * sizeof(type) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; \
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
    PLACE(c->raw, float, w->grouped ? (size_t)w->tiles* UB_CONV_OUTPUTS * w->term[0].width : 0);
#undef PLACE
    return at;
}

size_t
ub_conv_chunk_size(const ub_conv* conv, uint32_t n, uint32_t lines)
{
    ub_conv_chunk c = {.conv = conv, .n = n, .lines = lines, .rows = most_rows(conv, lines)};
    return lay_out(&c, NULL);
}

/// The taps of a line whose input frames are in the image
static ub_span
line_taps(const ub_conv* w, int64_t line)
{
    const int64_t row = line_row(w, line);
    const int64_t taps = w->taps[line_class(w, line)];
    const int64_t first = row < 0 ? -row : 0;
    const int64_t left = (int64_t)w->layer->in_size[0] - row;
    const int64_t end = left < taps ? left : taps;
    return first < end ? (ub_span){(uint32_t)first, (uint32_t)(end - first)} : (ub_span){0, 0};
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
                c->slots[n++] = (ub_conv_slot){line, job, line_taps(c->conv, line)};
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

/// Products of lines that lie outside the image, all of whose inputs are 0
static void
clear_products(const ub_conv_chunk* c)
{
    const ub_conv* w = c->conv;
    for (uint32_t i = 0; i < c->n * c->lines; ++i) {
        for (uint32_t k = 0; !c->slots[i].taps.count && k < w->terms; ++k) {
            const size_t size = (size_t)w->tiles * w->term[k].width;
            memset(c->product[k] + i * size, 0, size * sizeof(float));
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
    clear_products(c);
}
