// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/chunk.h"

#include "model/conv/kernel.h"

#define SLICE ((size_t)64 << 10) ///< Bytes of weights that stay in cache for all tiles

/// The first input of each row of a product
static void
find_rows(const ub_conv_chunk* c, const ub_conv_term* t, uint32_t tap, uint32_t at,
          ub_conv_product* p)
{
    const ub_conv* w = c->conv;
    const float* input = c->input[t->input] + tap * w->row_size[t->input] + t->offset;
    for (uint32_t i = 0; i < p->rows; ++i) {
        const ub_conv_pixel* pixel = &c->pixels[at + i];
        p->a[i] = input + pixel->row * w->row_size[t->input] + pixel->tile * w->tile_step[t->input];
    }
}

/** Neighbouring slots that have the same taps in common with a slice of a panel. */
typedef struct {
    uint32_t first; ///< Slot
    uint32_t end;
    ub_span taps;
    bool more; ///< Earlier taps are in the products
} segment;

static ub_span
common(ub_span a, ub_span b)
{
    const uint32_t first = a.first > b.first ? a.first : b.first;
    const uint32_t end_a = a.first + a.count;
    const uint32_t end_b = b.first + b.count;
    const uint32_t end = end_a < end_b ? end_a : end_b;
    return (ub_span){first, first < end ? end - first : 0};
}

/// The segment that begins with that slot of a class
static segment
find_segment(const ub_conv_chunk* c, uint32_t class, ub_span slice, uint32_t first)
{
    const ub_conv_slot* slots = c->slots;
    segment s = {first, first + 1, common(slots[first].taps, slice), false};
    s.more = s.taps.first > slots[first].taps.first;
    while (s.end < c->class_at[class + 1] && slots[s.end].taps.first == slots[first].taps.first &&
           common(slots[s.end].taps, slice).count == s.taps.count) {
        ++s.end;
    }
    return s;
}

/// Tiles of a segment are multiplied in so many groups
static uint32_t
count_groups(const ub_conv_chunk* c, const ub_conv_panel* panel, const segment* s)
{
    const uint32_t most = panel->vectors == 1 ? UB_CONV_ROWS : UB_CONV_WIDE;
    return ((s->end - s->first) * c->conv->tiles + most - 1) / most;
}

/// @param p All but the rows
static void
multiply_segment(const ub_conv_chunk* c, const ub_conv_panel* panel, const segment* s,
                 ub_conv_product* p)
{
    const ub_conv* w = c->conv;
    const ub_conv_term* t = &w->term[panel->term];
    const uint32_t first = s->first * w->tiles;
    const uint64_t n = (uint64_t)(s->end - s->first) * w->tiles;
    const uint32_t groups = count_groups(c, panel, s);
    p->taps = s->taps.count;
    p->more = s->more;
    for (uint32_t g = 0; g < groups; ++g) { // of sizes as even as can be
        const uint32_t at = first + (uint32_t)(n * g / groups);
        p->rows = first + (uint32_t)(n * (g + 1) / groups) - at;
        p->c = c->product[panel->term] + (size_t)at * t->width + panel->column;
        find_rows(c, t, s->taps.first, at, p);
        ub_conv_multiply(p);
        p->ahead += p->taps * p->depth * p->ahead_step;
    }
}

/// Some taps of a panel with all tiles.  What follows in the weights is fetched meanwhile.
static void
multiply_slice(const ub_conv_chunk* c, const ub_conv_panel* panel, ub_span slice)
{
    const ub_conv* w = c->conv;
    const ub_conv_term* t = &w->term[panel->term];
    const size_t value = w->half ? sizeof(uint16_t) : sizeof(float);
    const size_t row = (size_t)panel->vectors * w->lanes * value;
    const size_t size = slice.count * t->depth * row;
    const char* weights =
        t->weights[panel->class] + (size_t)w->taps[panel->class] * t->depth * panel->column * value;
    const char* next = weights + (slice.first + slice.count) * t->depth * row;
    const uint32_t first = c->class_at[panel->class];
    const uint32_t end = c->class_at[panel->class + 1];
    size_t rows = 0; // of B that all products read
    for (uint32_t i = first; i < end;) {
        const segment s = find_segment(c, panel->class, slice, i);
        rows += (size_t)count_groups(c, panel, &s) * s.taps.count * t->depth;
        i = s.end;
    }
    const bool ahead = rows && next + size <= w->weights + w->size;
    ub_conv_product p = {.tap_step = w->row_size[t->input],
                         .depth = t->depth,
                         .half = w->half,
                         .vectors = panel->vectors,
                         .ahead = ahead ? next : weights,
                         .ahead_step = ahead ? size / rows : 0,
                         .c_step = t->width};
    for (uint32_t i = first; i < end;) {
        const segment s = find_segment(c, panel->class, slice, i);
        p.b = weights + s.taps.first * t->depth * row;
        if (s.taps.count) {
            multiply_segment(c, panel, &s, &p);
        }
        i = s.end;
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
    for (uint32_t tap = 0; tap < taps; tap += some) {
        multiply_slice(c, panel, (ub_span){tap, taps - tap < some ? taps - tap : some});
    }
}
