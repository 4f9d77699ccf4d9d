// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv_pack.h"

#include "model/conv_kernel.h"
#include "model/half.h"

#include <stdlib.h>
#include <string.h>

#define TAPS 3U    ///< Bins of a filtered phase's kernel
#define MAX_MASK_COLUMNS 32U
#define ALIGNMENT 64U

/// What a kernel of three bins becomes
static const double transform[UB_CONV_FILTERED][TAPS] = {
    {1.0 / 4, 0.0, 0.0},
    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
    {1.0 / 24, 1.0 / 12, 1.0 / 6},
    {1.0 / 24, -1.0 / 12, 1.0 / 6},
    {0.0, 0.0, 1.0},
};

static uint32_t
up(uint32_t a, uint32_t b)
{
    return (a + b - 1) / b;
}

bool
ub_conv_fits(const ub_layer* l, ub_conv_kind kind, bool filtered)
{
    for (int axis = 0; axis < 2; ++axis) {
        if (l->kernel[axis] < l->stride[axis] || l->stride[axis] > UB_CONV_PHASES) {
            return false;
        }
    }
    if (filtered && l->kernel[1] > TAPS * l->stride[1]) {
        return false;
    }
    return kind == UB_CONV_MASK
               ? filtered && l->filters * l->stride[0] * l->stride[1] <= MAX_MASK_COLUMNS
               : !ub_activation_is_smooth(&l->activation);
}

/// Taps of a phase on the bin axis of a transposed layer
static uint32_t
phase_taps(const ub_conv* w, uint32_t phase)
{
    return up(w->layer->kernel[1] - phase, w->layer->stride[1]);
}

/// The layer's tap of bins that is tap e of a phase; filtered, it may not be there
static uint32_t
bin_tap(const ub_conv* w, uint32_t phase, uint32_t e)
{
    const uint32_t s = w->layer->stride[1];
    if (w->kind == UB_CONV_STRIDED) {
        return w->filtered ? phase + s * e : e;
    }
    const uint32_t p = phase % s;
    return p + s * ((w->filtered ? TAPS : phase_taps(w, p)) - 1 - e);
}

/// The layer's tap of frames that is tap i of a line; of a mask, it may not be there
static uint32_t
frame_tap(const ub_conv* w, uint32_t class, uint32_t phase, uint32_t i)
{
    if (w->kind == UB_CONV_STRIDED) {
        return i;
    }
    const uint32_t first = w->kind == UB_CONV_MASK ? phase / w->layer->stride[1] : class;
    return first + w->layer->stride[0] * (w->taps[class] - 1 - i);
}

/// Whether a phase's kernel takes part in a term: tap 0 alone is in the first, tap 2 in the last
static bool
takes_part(const ub_conv* w, uint32_t k, uint32_t phase)
{
    const uint32_t kernel = w->layer->kernel[1];
    return w->kind == UB_CONV_MASK || ((k != 0 || bin_tap(w, phase, 0) < kernel) &&
                                       (k != 5 || bin_tap(w, phase, TAPS - 1) < kernel));
}

static void
cut_filtered(ub_conv* w)
{
    const ub_layer* l = w->layer;
    const bool strided = w->kind == UB_CONV_STRIDED;
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
    const bool strided = w->kind == UB_CONV_STRIDED;
    const uint32_t step = strided ? l->stride[1] : 1;
    const uint32_t seen = strided ? l->kernel[1] : phase_taps(w, 0);
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
    if (w->kind != UB_CONV_STRIDED) { // outputs s * q + phase - crop, for q from first on
        const uint32_t first = l->pad[1][0] / s;
        const uint32_t before = (w->filtered ? TAPS : phase_taps(w, 0)) - 1;
        count = (l->pad[1][0] + l->out_size[1] - 1) / s - first + 1;
        w->in_base = (int64_t)first - (int64_t)before;
        w->out_base = (int64_t)s * first - l->pad[1][0];
    }
    w->tiles = up(count, w->outputs);
}

static void
cut(ub_conv* w)
{
    const ub_layer* l = w->layer;
    const bool strided = w->kind == UB_CONV_STRIDED;
    w->outputs = w->filtered ? UB_CONV_OUTPUTS : 1;
    w->in_phases = strided && w->filtered ? l->stride[1] : 1;
    w->out_phases = strided ? 1 : l->stride[1] * (w->kind == UB_CONV_MASK ? l->stride[0] : 1);
    w->classes = w->kind == UB_CONV_TRANSPOSED ? l->stride[0] : 1;
    for (uint32_t i = 0; i < w->classes; ++i) {
        w->taps[i] = strided ? l->kernel[0] : up(l->kernel[0] - i, l->stride[0]);
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

/// Columns of the panel that begins with that column
static uint32_t
panel_columns(const ub_conv* w, const ub_conv_term* term, uint32_t first)
{
    return term->width - first < 2 * w->lanes ? w->lanes : 2 * w->lanes;
}

/// List the panels, or count them
static uint32_t
list_panels(const ub_conv* w, ub_conv_panel* out)
{
    uint32_t n = 0;
    for (uint32_t class = 0; class < w->classes; ++class) {
        for (uint32_t k = 0; k < w->terms; ++k) {
            const ub_conv_term* t = &w->term[k];
            for (uint32_t at = 0; t->depth && at < t->width; at += 2 * w->lanes, ++n) {
                if (out) {
                    out[n] = (ub_conv_panel){class, k, at, panel_columns(w, t, at) / w->lanes};
                }
            }
        }
    }
    return n;
}

/** Kernels of bins: from an input channel, at a tap of frames, to a filter. */
typedef struct {
    uint32_t class;
    uint32_t tap;
    uint32_t in_phase;
    uint32_t input;
    uint32_t out_phase;
    uint32_t filter;
} place;

/// A weight, 0 where there is no such tap
static float
weight_at(const ub_conv* w, const float* weight, const place* at, uint32_t e)
{
    const ub_layer* l = w->layer;
    const bool strided = w->kind == UB_CONV_STRIDED;
    const uint32_t j = frame_tap(w, at->class, at->out_phase, at->tap);
    const uint32_t b = bin_tap(w, strided ? at->in_phase : at->out_phase, e);
    const size_t channel = strided ? (size_t)at->filter * l->inputs + at->input
                                   : (size_t)at->input * l->filters + at->filter;
    return j < l->kernel[0] && b < l->kernel[1]
               ? weight[(channel * l->kernel[0] + j) * l->kernel[1] + b]
               : 0.0f;
}

static void
put(ub_conv* w, ub_conv_term* t, const place* at, uint32_t row, float value)
{
    const uint32_t column = (uint32_t)t->out_at[at->out_phase] + at->filter;
    const uint32_t first = column / (2 * w->lanes) * 2 * w->lanes;
    const size_t rows = (size_t)w->taps[at->class] * t->depth;
    const size_t k =
        rows * first + (at->tap * t->depth + row) * panel_columns(w, t, first) + column - first;
    if (w->half) {
        ub_f16_from_float(value, &((uint16_t*)t->weights[at->class])[k]);
    } else {
        ((float*)t->weights[at->class])[k] = value;
    }
}

static void
pack_filtered(ub_conv* w, const float* weight, const place* at)
{
    double kernel[TAPS];
    for (uint32_t e = 0; e < TAPS; ++e) {
        kernel[e] = (double)weight_at(w, weight, at, e);
    }
    for (uint32_t k = 0; k < w->terms; ++k) {
        ub_conv_term* t = &w->term[k];
        if (t->in_at[at->in_phase] != UB_CONV_NONE && t->out_at[at->out_phase] != UB_CONV_NONE) {
            double sum = 0.0;
            for (uint32_t e = 0; e < TAPS; ++e) {
                sum += transform[k][e] * kernel[e];
            }
            put(w, t, at, (uint32_t)t->in_at[at->in_phase] + at->input, (float)sum);
        }
    }
}

static void
pack_direct(ub_conv* w, const float* weight, const place* at)
{
    ub_conv_term* t = &w->term[at->out_phase];
    const uint32_t inputs = w->layer->inputs;
    for (uint32_t e = 0; e < t->depth / inputs; ++e) {
        put(w, t, at, e * inputs + at->input, weight_at(w, weight, at, e));
    }
}

/// All kernels from an input channel to a filter, which lie side by side in the file
static void
pack_channel(ub_conv* w, const float* weight, uint32_t input, uint32_t filter)
{
    place at = {.input = input, .filter = filter};
    for (at.class = 0; at.class < w->classes; ++at.class) {
        for (at.tap = 0; at.tap < w->taps[at.class]; ++at.tap) {
            for (at.in_phase = 0; at.in_phase < w->in_phases; ++at.in_phase) {
                for (at.out_phase = 0; at.out_phase < w->out_phases; ++at.out_phase) {
                    (w->filtered ? pack_filtered : pack_direct)(w, weight, &at);
                }
            }
        }
    }
}

/// In the file's order
static void
pack(ub_conv* w, const float* weight)
{
    const uint32_t inputs = w->layer->inputs;
    const uint32_t filters = w->layer->filters;
    for (uint32_t i = 0; i < inputs * filters; ++i) {
        if (w->kind == UB_CONV_STRIDED) {
            pack_channel(w, weight, i % inputs, i / inputs);
        } else {
            pack_channel(w, weight, i / filters, i % filters);
        }
    }
}

/// Whether nothing is lost where weights are kept in half precision
static bool
are_halves(const ub_layer* l, const float* weight)
{
    const size_t n = (size_t)l->inputs * l->filters * l->kernel[0] * l->kernel[1];
    for (size_t i = 0; i < n; ++i) {
        uint16_t bits = 0;
        if (!ub_f16_from_float(weight[i], &bits)) {
            return false;
        }
    }
    return true;
}

static bool
allocate(ub_conv* w)
{
    const size_t size = w->half ? sizeof(uint16_t) : sizeof(float);
    w->panels = list_panels(w, NULL);
    w->panel = (ub_conv_panel*)malloc(w->panels * sizeof(ub_conv_panel));
    bool ok = w->panel;
    for (uint32_t i = 0; ok && i < w->classes * w->terms; ++i) {
        ub_conv_term* t = &w->term[i % w->terms];
        const uint32_t class = i / w->terms;
        const size_t bytes =
            ((size_t)w->taps[class] * t->depth * t->width * size / ALIGNMENT + 1) * ALIGNMENT;
        t->weights[class] = aligned_alloc(ALIGNMENT, bytes);
        ok = t->weights[class];
        if (ok) {
            memset(t->weights[class], 0, bytes);
        }
    }
    return ok;
}

ub_conv*
ub_conv_new(const ub_layer* layer, ub_conv_kind kind, bool filtered, const float* weight,
            uint32_t lanes)
{
    ub_conv* w = (ub_conv*)calloc(1, sizeof(ub_conv));
    if (!w) {
        return NULL;
    }
    w->layer = layer;
    w->kind = kind;
    w->filtered = filtered;
    w->lanes = lanes;
    w->half = !filtered && ub_conv_takes_halves(lanes) && are_halves(layer, weight);
    cut(w);
    if (!allocate(w)) {
        ub_conv_free(w);
        return NULL;
    }
    list_panels(w, w->panel);
    pack(w, weight);
    return w;
}

void
ub_conv_free(ub_conv* conv)
{
    for (uint32_t k = 0; conv && k < conv->terms; ++k) {
        for (uint32_t i = 0; i < UB_CONV_PHASES; ++i) {
            free(conv->term[k].weights[i]);
        }
    }
    if (conv) {
        free(conv->panel);
    }
    free(conv);
}
