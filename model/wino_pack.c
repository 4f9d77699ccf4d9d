// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/wino_pack.h"

#include <stdlib.h>
#include <string.h>

#define TAPS 3U           ///< Bins of a phase's kernel
#define OUTPUTS 4U        ///< Of a tile and phase
#define MAX_MASK_COLUMNS 32U
#define ALIGNMENT 64U

/// What a kernel of three bins becomes
static const double transform[UB_WINO_TERMS][TAPS] = {
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
ub_wino_fits(const ub_layer* l, bool transposed, bool mask)
{
    const bool kernel = l->kernel[0] >= l->stride[0] && l->kernel[1] >= l->stride[1] &&
                        l->kernel[1] <= TAPS * l->stride[1] && l->stride[0] <= UB_WINO_PHASES &&
                        l->stride[1] <= UB_WINO_PHASES;
    const bool end = mask ? transposed && l->filters * l->stride[0] * l->stride[1] <=
                                              MAX_MASK_COLUMNS
                          : !ub_activation_is_smooth(&l->activation);
    return kernel && end;
}

/// The tap of a kernel along bins that is tap e of a phase's three; may not be there
static uint32_t
bin_tap(const ub_wino* w, uint32_t phase, uint32_t e)
{
    const uint32_t s = w->layer->stride[1];
    return w->transposed ? phase % s + s * (TAPS - 1 - e) : phase + s * e;
}

/// The tap of a kernel along frames that is tap i of a line; may not be there
static uint32_t
frame_tap(const ub_wino* w, uint32_t class, uint32_t phase, uint32_t i)
{
    const uint32_t s = w->layer->stride[0];
    if (!w->transposed) {
        return i;
    }
    return (w->mask ? phase / w->layer->stride[1] : class) + s * (w->taps[class] - 1 - i);
}

/// Whether a phase's kernel takes part in a term, which has only tap 0 or 2 in the outer two
static bool
takes_part(const ub_wino* w, uint32_t k, uint32_t phase)
{
    const uint32_t kernel = w->layer->kernel[1];
    return w->mask || ((k != 0 || bin_tap(w, phase, 0) < kernel) &&
                       (k != UB_WINO_TERMS - 1 || bin_tap(w, phase, TAPS - 1) < kernel));
}

static void
cut_bins(ub_wino* w)
{
    const ub_layer* l = w->layer;
    const uint32_t s = l->stride[1];
    uint32_t count = l->out_size[1];
    w->in_base = -(int64_t)l->pad[1][0];
    if (w->transposed) { // outputs s * q + phase - crop, from q of the first to q of the last
        const uint32_t first = l->pad[1][0] / s;
        count = (l->pad[1][0] + l->out_size[1] - 1) / s - first + 1;
        w->in_base = (int64_t)first - (int64_t)(TAPS - 1);
        w->out_base = (int64_t)s * first - l->pad[1][0];
    }
    w->tiles = up(count, OUTPUTS);
}

static void
cut(ub_wino* w)
{
    const ub_layer* l = w->layer;
    w->in_phases = w->transposed ? 1 : l->stride[1];
    w->out_phases = w->transposed ? l->stride[1] * (w->mask ? l->stride[0] : 1) : 1;
    w->classes = w->transposed && !w->mask ? l->stride[0] : 1;
    for (uint32_t i = 0; i < w->classes; ++i) {
        w->taps[i] = w->transposed ? up(l->kernel[0] - i, l->stride[0]) : l->kernel[0];
    }
    cut_bins(w);
    for (uint32_t k = 0; k < UB_WINO_TERMS; ++k) {
        ub_wino_term* t = &w->term[k];
        for (uint32_t p = 0; p < w->in_phases; ++p) {
            const bool there = w->transposed || takes_part(w, k, p);
            t->in_at[p] = there ? (int)t->depth : UB_WINO_NONE;
            t->depth += there ? l->inputs : 0;
        }
        for (uint32_t p = 0; p < w->out_phases; ++p) {
            const bool there = !w->transposed || takes_part(w, k, p);
            t->out_at[p] = there ? (int)t->columns : UB_WINO_NONE;
            t->columns += there ? l->filters : 0;
        }
        t->width = up(t->columns, w->lanes) * w->lanes;
    }
}

uint32_t
ub_wino_panel(const ub_wino* w, const ub_wino_term* term, uint32_t first)
{
    return term->width - first < 2 * w->lanes ? w->lanes : 2 * w->lanes;
}

/** One kernel of frames and bins: from an input phase's channel to an output phase's filter. */
typedef struct {
    uint32_t class;
    uint32_t tap; ///< Of frames
    uint32_t in_phase;
    uint32_t input;
    uint32_t out_phase;
    uint32_t filter;
} place;

/// The three bins of a phase's kernel, zeros where there is no such tap
static void
read_kernel(const ub_wino* w, const float* weight, const place* at, double kernel[TAPS])
{
    const ub_layer* l = w->layer;
    const uint32_t j = frame_tap(w, at->class, at->out_phase, at->tap);
    const size_t channel = w->transposed ? (size_t)at->input * l->filters + at->filter
                                         : (size_t)at->filter * l->inputs + at->input;
    for (uint32_t e = 0; e < TAPS; ++e) {
        const uint32_t b = bin_tap(w, w->transposed ? at->out_phase : at->in_phase, e);
        const bool there = j < l->kernel[0] && b < l->kernel[1];
        kernel[e] =
            there ? (double)weight[(channel * l->kernel[0] + j) * l->kernel[1] + b] : 0.0;
    }
}

/// Where a value is in a term's panels
static size_t
value_at(const ub_wino* w, const ub_wino_term* t, const place* at)
{
    const uint32_t row = (uint32_t)t->in_at[at->in_phase] + at->input;
    const uint32_t column = (uint32_t)t->out_at[at->out_phase] + at->filter;
    const uint32_t first = column / (2 * w->lanes) * 2 * w->lanes;
    const size_t rows = (size_t)w->taps[at->class] * t->depth;
    return rows * first + (at->tap * t->depth + row) * ub_wino_panel(w, t, first) + column - first;
}

static void
pack_kernel(ub_wino* w, const float* weight, const place* at)
{
    double kernel[TAPS];
    read_kernel(w, weight, at, kernel);
    for (uint32_t k = 0; k < UB_WINO_TERMS; ++k) {
        ub_wino_term* t = &w->term[k];
        if (t->in_at[at->in_phase] != UB_WINO_NONE && t->out_at[at->out_phase] != UB_WINO_NONE) {
            double sum = 0.0;
            for (uint32_t e = 0; e < TAPS; ++e) {
                sum += transform[k][e] * kernel[e];
            }
            t->weights[at->class][value_at(w, t, at)] = (float)sum;
        }
    }
}

static void
pack_class(ub_wino* w, const float* weight, uint32_t class)
{
    place at = {.class = class};
    for (at.tap = 0; at.tap < w->taps[class]; ++at.tap) {
        for (at.in_phase = 0; at.in_phase < w->in_phases; ++at.in_phase) {
            for (at.input = 0; at.input < w->layer->inputs; ++at.input) {
                for (at.out_phase = 0; at.out_phase < w->out_phases; ++at.out_phase) {
                    for (at.filter = 0; at.filter < w->layer->filters; ++at.filter) {
                        pack_kernel(w, weight, &at);
                    }
                }
            }
        }
    }
}

static bool
allocate(ub_wino* w, uint32_t class)
{
    bool ok = true;
    for (uint32_t k = 0; k < UB_WINO_TERMS; ++k) {
        ub_wino_term* t = &w->term[k];
        const size_t size = (size_t)w->taps[class] * t->depth * t->width * sizeof(float);
        const size_t bytes = (size / ALIGNMENT + 1) * ALIGNMENT;
        t->weights[class] = (float*)aligned_alloc(ALIGNMENT, bytes);
        if (t->weights[class]) {
            memset(t->weights[class], 0, bytes);
        }
        ok = ok && t->weights[class];
    }
    return ok;
}

ub_wino*
ub_wino_new(const ub_layer* layer, bool transposed, bool mask, const float* weight,
            uint32_t lanes)
{
    ub_wino* w = (ub_wino*)calloc(1, sizeof(ub_wino));
    if (!w) {
        return NULL;
    }
    w->layer = layer;
    w->transposed = transposed;
    w->mask = mask;
    w->lanes = lanes;
    cut(w);
    for (uint32_t i = 0; i < w->classes; ++i) {
        if (!allocate(w, i)) {
            ub_wino_free(w);
            return NULL;
        }
        pack_class(w, weight, i);
    }
    return w;
}

void
ub_wino_free(ub_wino* wino)
{
    for (uint32_t k = 0; wino && k < UB_WINO_TERMS; ++k) {
        for (uint32_t i = 0; i < UB_WINO_PHASES; ++i) {
            free(wino->term[k].weights[i]);
        }
    }
    free(wino);
}
