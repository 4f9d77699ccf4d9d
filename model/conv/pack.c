// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/cut.h"

#include "model/conv/kernel.h"
#include "model/conv/plane.h"
#include "model/file/half.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64U

/// What a kernel of three bins becomes
static const double transform[UB_CONV_FILTERED][UB_CONV_TAPS] = {
    {1.0 / 4, 0.0, 0.0},           {-1.0 / 6, -1.0 / 6, -1.0 / 6}, {-1.0 / 6, 1.0 / 6, -1.0 / 6},
    {1.0 / 24, 1.0 / 12, 1.0 / 6}, {1.0 / 24, -1.0 / 12, 1.0 / 6}, {0.0, 0.0, 1.0},
};

/// The layer's tap of frames that is tap i of a line; it may not be there
static uint32_t
frame_tap(const ub_conv* w, uint32_t class, uint32_t phase, uint32_t i)
{
    if (!w->layer->transposed) {
        return ub_conv_undilated(w->layer, 0, i);
    }
    const uint32_t first = w->grouped ? phase / w->layer->stride[1] : class;
    return first + w->layer->stride[0] * (w->taps[class] - 1 - i);
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
    const bool strided = !w->layer->transposed;
    const uint32_t j = frame_tap(w, at->class, at->out_phase, at->tap);
    const uint32_t b = ub_conv_bin_tap(w, strided ? at->in_phase : at->out_phase, e);
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
    const size_t k = rows * first + column - first +
                     (at->tap * t->depth + row) * ub_conv_panel_columns(w, t, first);
    if (w->half) {
        ub_f16_from_float(value, &((uint16_t*)t->weights[at->class])[k]);
    } else {
        ((float*)t->weights[at->class])[k] = value;
    }
}

static void
pack_filtered(ub_conv* w, const float* weight, const place* at)
{
    double kernel[UB_CONV_TAPS];
    for (uint32_t e = 0; e < UB_CONV_TAPS; ++e) {
        kernel[e] = (double)weight_at(w, weight, at, e);
    }
    for (uint32_t k = 0; k < w->terms; ++k) {
        ub_conv_term* t = &w->term[k];
        if (t->in_at[at->in_phase] != UB_CONV_NONE && t->out_at[at->out_phase] != UB_CONV_NONE) {
            double sum = 0.0;
            for (uint32_t e = 0; e < UB_CONV_TAPS; ++e) {
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
        if (!w->layer->transposed) {
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

/// Bytes of a term's weights of a class
static size_t
weights_size(const ub_conv* w, const ub_conv_term* term, uint32_t class)
{
    const size_t size = w->half ? sizeof(uint16_t) : sizeof(float);
    return (w->taps[class] * size * term->depth * term->width + ALIGNMENT - 1) / ALIGNMENT *
           ALIGNMENT;
}

/// All weights lie in the order of the panels, so that what is next can be fetched ahead
static bool
allocate(ub_conv* w)
{
    for (uint32_t i = 0; i < w->classes * w->terms; ++i) {
        w->size += weights_size(w, &w->term[i % w->terms], i / w->terms);
    }
    w->panels = ub_conv_list_panels(w, NULL);
    w->panel = (ub_conv_panel*)malloc(w->panels * sizeof(ub_conv_panel));
    w->weights = (char*)aligned_alloc(ALIGNMENT, w->size);
    char* at = w->weights;
    if (at) {
        memset(at, 0, w->size);
    }
    for (uint32_t i = 0; at && i < w->classes * w->terms; ++i) {
        ub_conv_term* t = &w->term[i % w->terms];
        t->weights[i / w->terms] = at;
        at += weights_size(w, t, i / w->terms);
    }
    return w->panel && w->weights;
}

/// As they are in the file
static bool
keep_weights(ub_conv* w, const float* weight)
{
    const ub_layer* l = w->layer;
    w->size = sizeof(float) * l->inputs * l->filters * l->kernel[0] * l->kernel[1];
    w->weights = (char*)malloc(w->size);
    if (w->weights) {
        memcpy(w->weights, weight, w->size);
    }
    return w->weights;
}

static bool
cut_and_pack(ub_conv* w, const float* weight)
{
    w->half = !w->filtered && w->lanes > 4 && are_halves(w->layer, weight);
    ub_conv_cut(w);
    if (!allocate(w)) {
        return false;
    }
    ub_conv_list_panels(w, w->panel);
    pack(w, weight);
    return true;
}

ub_conv*
ub_conv_new(const ub_layer* layer, bool planes, bool filtered, const float* weight)
{
    ub_conv* w = (ub_conv*)calloc(1, sizeof(ub_conv));
    if (!w) {
        return NULL;
    }
    w->layer = layer;
    w->planes = planes;
    w->filtered = filtered;
    w->lanes = ub_conv_lanes();
    w->swept = ub_conv_is_swept(layer, planes);
    if (!(w->swept ? keep_weights : cut_and_pack)(w, weight)) {
        ub_conv_free(w);
        return NULL;
    }
    return w;
}

void
ub_conv_free(ub_conv* conv)
{
    if (conv) {
        free(conv->weights);
        free(conv->panel);
    }
    free(conv);
}
