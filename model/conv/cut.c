// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/cut.h"

#define MAX_PLANE_COLUMNS 32U

static uint32_t
up(uint32_t a, uint32_t b)
{
    return (a + b - 1) / b;
}

bool
ub_conv_can_filter(const ub_layer* l, bool planes)
{
    if (l->kernel[1] < l->stride[1] || l->kernel[1] > UB_CONV_TAPS * l->stride[1] ||
        l->dilation[0] != 1 || l->dilation[1] != 1) {
        return false;
    }
    return !planes ||
           (l->transposed && l->filters * l->stride[0] * l->stride[1] <= MAX_PLANE_COLUMNS);
}

/// Taps of a phase on the bin axis of a transposed layer
static uint32_t
phase_taps(const ub_conv* w, uint32_t phase)
{
    return up(w->layer->kernel[1] - phase, w->layer->stride[1]);
}

/// Positions that a kernel reaches over
static uint32_t
reach(const ub_layer* l, int axis)
{
    return (l->kernel[axis] - 1) * l->dilation[axis] + 1;
}

uint32_t
ub_conv_undilated(const ub_layer* l, int axis, uint32_t position)
{
    return position % l->dilation[axis] ? l->kernel[axis] : position / l->dilation[axis];
}

uint32_t
ub_conv_bin_tap(const ub_conv* w, uint32_t phase, uint32_t e)
{
    const uint32_t s = w->layer->stride[1];
    if (!w->layer->transposed) {
        return w->filtered ? phase + s * e : ub_conv_undilated(w->layer, 1, e);
    }
    const uint32_t p = phase % s;
    return p + s * ((w->filtered ? UB_CONV_TAPS : phase_taps(w, p)) - 1 - e);
}

/// Whether a phase's kernel takes part in a term: tap 0 alone is in the first, tap 2 in the last
static bool
takes_part(const ub_conv* w, uint32_t k, uint32_t phase)
{
    const uint32_t kernel = w->layer->kernel[1];
    const bool has_first = ub_conv_bin_tap(w, phase, 0) < kernel;
    const bool has_last = ub_conv_bin_tap(w, phase, UB_CONV_TAPS - 1) < kernel;
    return w->grouped || ((k != 0 || has_first) && (k != 5 || has_last));
}

static void
cut_filtered(ub_conv* w)
{
    const ub_layer* l = w->layer;
    const bool strided = !w->layer->transposed;
    w->terms = w->inputs = UB_CONV_FILTERED;
    for (uint32_t k = 0; k < w->terms; ++k) {
        ub_conv_term* t = &w->term[k];
        for (uint32_t p = 0; p < w->in_phases; ++p) {
            const bool there = !strided || takes_part(w, k, p);
            t->in_at[p] = there ? (int)t->depth : UB_CONV_NONE;
            t->depth += there ? l->inputs : 0;
        }
        for (uint32_t p = 0; p < w->out_phases; ++p) {
            const bool there = strided || takes_part(w, k, p);
            t->out_at[p] = there ? (int)t->columns : UB_CONV_NONE;
            t->columns += there ? l->filters : 0;
        }
        t->input = k;
        w->tile_step[k] = t->depth;
        w->row_size[k] = (size_t)w->tiles * t->depth;
    }
}

/// A term for each output phase; what its kernel sees lies side by side in the input
static void
cut_direct(ub_conv* w)
{
    const ub_layer* l = w->layer;
    const bool strided = !w->layer->transposed;
    const uint32_t step = strided ? l->stride[1] : 1;
    const uint32_t seen = strided ? reach(l, 1) : phase_taps(w, 0);
    w->terms = w->out_phases;
    w->inputs = 1;
    w->tile_step[0] = (size_t)step * l->inputs;
    w->row_size[0] = (size_t)((w->tiles - 1) * step + seen) * l->inputs;
    for (uint32_t p = 0; p < w->terms; ++p) {
        ub_conv_term* t = &w->term[p];
        const uint32_t taps = strided ? seen : phase_taps(w, p);
        for (uint32_t i = 0; i < w->out_phases; ++i) {
            t->out_at[i] = i == p ? 0 : UB_CONV_NONE;
        }
        t->depth = taps * l->inputs;
        t->columns = l->filters;
        t->offset = (size_t)(seen - taps) * l->inputs;
    }
}

static void
cut_bins(ub_conv* w)
{
    const ub_layer* l = w->layer;
    const uint32_t s = l->stride[1];
    uint32_t count = l->out_size[1];
    w->in_base = -(int64_t)l->pad[1][0];
    if (w->layer->transposed) { // outputs s * q + phase - crop, for q from first on
        const uint32_t first = l->pad[1][0] / s;
        const uint32_t before = (w->filtered ? UB_CONV_TAPS : phase_taps(w, 0)) - 1;
        count = (l->pad[1][0] + l->out_size[1] - 1) / s - first + 1;
        w->in_base = (int64_t)first - (int64_t)before;
        w->out_base = (int64_t)s * first - l->pad[1][0];
    }
    w->tiles = up(count, w->outputs);
}

void
ub_conv_cut(ub_conv* w)
{
    const ub_layer* l = w->layer;
    const bool strided = !w->layer->transposed;
    w->outputs = w->filtered ? UB_CONV_OUTPUTS : 1;
    w->in_phases = strided && w->filtered ? l->stride[1] : 1;
    w->grouped = w->planes && w->filtered;
    w->out_phases = strided ? 1 : l->stride[1] * (w->grouped ? l->stride[0] : 1);
    w->classes = strided || w->grouped ? 1 : l->stride[0];
    for (uint32_t i = 0; i < w->classes; ++i) {
        w->taps[i] = strided ? reach(l, 0) : up(l->kernel[0] - i, l->stride[0]);
    }
    cut_bins(w);
    if (w->filtered) {
        cut_filtered(w);
    } else {
        cut_direct(w);
    }
    for (uint32_t k = 0; k < w->terms; ++k) {
        w->term[k].width = up(w->term[k].columns, w->lanes) * w->lanes;
    }
}

uint32_t
ub_conv_panel_columns(const ub_conv* w, const ub_conv_term* term, uint32_t first)
{
    return term->width - first < 2 * w->lanes ? w->lanes : 2 * w->lanes;
}

uint32_t
ub_conv_list_panels(const ub_conv* w, ub_conv_panel* out)
{
    uint32_t n = 0;
    for (uint32_t class = 0; class < w->classes; ++class) {
        for (uint32_t k = 0; k < w->terms; ++k) {
            const ub_conv_term* t = &w->term[k];
            for (uint32_t at = 0; t->depth && at < t->width; at += 2 * w->lanes, ++n) {
                const uint32_t columns = ub_conv_panel_columns(w, t, at);
                if (out) {
                    out[n] = (ub_conv_panel){class, k, at, columns / w->lanes};
                }
            }
        }
    }
    return n;
}
