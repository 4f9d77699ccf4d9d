// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/agree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    const ub_model* model;
    uint32_t n; // U-Nets, each of which makes its output of the input
    ub_folded* folded[UB_MAX_UNETS];
    float* input;   // [channels][frames][bins]
    float* mask[2]; // The device's and the processor's, [n] of likewise
    size_t size;    // of each output
} chunk;

// Noise that is always the same, as quiet as most of music
static void
fill(float* values, size_t n, float scale)
{
    uint32_t state = 1;
    for (size_t i = 0; i < n; ++i) {
        state = state * 1664525U + 1013904223U; // Numerical Recipes
        const float u = (float)(state >> 8) * 0x1p-24f;
        values[i] = scale * u * u;
    }
}

static bool
fold(chunk* c)
{
    const float condition[UB_NET_SOURCES] = {1.0f};
    bool ok = true;
    for (uint32_t i = 0; ok && i < c->n; ++i) {
        c->folded[i] = ub_folded_new(c->model);
        ok = c->folded[i];
        if (ok) {
            ub_fold(c->model, i, condition, c->folded[i]);
        }
    }
    return ok;
}

static bool
chunk_make(chunk* c, const ub_model* model)
{
    const ub_network* net = &model->net;
    c->model = model;
    c->n = net->unets;
    c->size = (size_t)net->channels * net->frames * net->bins;
    c->input = malloc(c->size * sizeof(float));
    c->mask[0] = calloc(c->n * c->size, sizeof(float));
    c->mask[1] = calloc(c->n * c->size, sizeof(float));
    if (!c->input || !c->mask[0] || !c->mask[1] || !fold(c)) {
        return false;
    }
    fill(c->input, c->size, net->input_scale);
    return true;
}

static void
chunk_clear(chunk* c)
{
    for (uint32_t i = 0; i < c->n; ++i) {
        ub_folded_free(c->folded[i]);
    }
    free(c->input);
    free(c->mask[0]);
    free(c->mask[1]);
}

// False with one line in err
static bool
compute(const chunk* c, const ub_backend* backend, float* mask, char* err, size_t err_size)
{
    ub_item items[UB_MAX_UNETS] = {{0}};
    for (uint32_t i = 0; i < c->n; ++i) {
        items[i] = (ub_item){.input = c->input, .folded = c->folded[i], .mask = mask + i * c->size};
    }
    ub_runner* runner = backend->create(c->model, err, err_size);
    if (!runner) {
        return false;
    }
    const bool ok = backend->run(runner, items, c->n, 0, c->model->net.frames);
    if (!ok) {
        const char* fault = backend->fault ? backend->fault(runner) : NULL;
        snprintf(err, err_size, "%s failed: %s", backend->name, fault ? fault : "no reason");
    }
    backend->destroy(runner);
    return ok;
}

// Of the output that differs most, dB
static double
snr(const chunk* c)
{
    double least = INFINITY;
    for (uint32_t k = 0; k < c->n; ++k) {
        const float* made = c->mask[0] + k * c->size;
        const float* wanted = c->mask[1] + k * c->size;
        double power = 0.0;
        double error = 0.0;
        for (size_t i = 0; i < c->size; ++i) {
            const double e = (double)made[i] - (double)wanted[i];
            power += (double)wanted[i] * (double)wanted[i];
            error += e * e;
        }
        const double one = error == 0.0 ? INFINITY : 10.0 * log10(power / error);
        least = isnan(least) || one >= least ? least : one;
    }
    return least;
}

static bool
compare(const chunk* c, const char* device, const char* processor, char* why, size_t why_size)
{
    const double same = snr(c);
    const bool agrees = same >= UB_AGREE_SNR; // not if that is no number
    if (agrees) {
        snprintf(why, why_size, "it is there and agrees with %s (%.1f dB)", processor, same);
    } else {
        snprintf(why, why_size, "%s differs from %s (%.1f dB, expected %.0f or more)", device,
                 processor, same, UB_AGREE_SNR);
    }
    return agrees;
}

bool
ub_agree(const ub_model* model, const ub_backend* device, const ub_backend* const* processors,
         uint32_t n, char* why, size_t why_size)
{
    chunk c = {0};
    bool agrees = false;
    if (!chunk_make(&c, model)) {
        snprintf(why, why_size, "out of memory");
    } else if (compute(&c, device, c.mask[0], why, why_size)) {
        uint32_t i = 0;
        while (i < n && !compute(&c, processors[i], c.mask[1], why, why_size)) {
            ++i;
        }
        agrees = i < n && compare(&c, device->name, processors[i]->name, why, why_size);
    }
    chunk_clear(&c);
    return agrees;
}
