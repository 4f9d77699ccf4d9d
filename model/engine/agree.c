// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/agree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    const ub_model* model;
    ub_folded* folded;
    float* input;   // [channels][frames][bins]
    float* mask[2]; // The device's and the processor's, likewise
    size_t size;    // of each
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
chunk_make(chunk* c, const ub_model* model)
{
    const ub_network* net = &model->net;
    float condition[UB_NET_SOURCES] = {1.0f};
    c->model = model;
    c->size = (size_t)net->channels * net->frames * net->bins;
    c->input = malloc(c->size * sizeof(float));
    c->mask[0] = calloc(c->size, sizeof(float));
    c->mask[1] = calloc(c->size, sizeof(float));
    c->folded = ub_folded_new(model);
    if (!c->input || !c->mask[0] || !c->mask[1] || !c->folded) {
        return false;
    }
    fill(c->input, c->size, net->input_scale);
    ub_fold(model, 0, condition, c->folded);
    return true;
}

static void
chunk_clear(chunk* c)
{
    ub_folded_free(c->folded);
    free(c->input);
    free(c->mask[0]);
    free(c->mask[1]);
}

// False with one line in err
static bool
compute(const chunk* c, const ub_backend* backend, float* mask, char* err, size_t err_size)
{
    const ub_item item = {.input = c->input, .folded = c->folded, .mask = mask};
    ub_runner* runner = backend->create(c->model, err, err_size);
    if (!runner) {
        return false;
    }
    const bool ok = backend->run(runner, &item, 1, 0, c->model->net.frames);
    if (!ok) {
        const char* fault = backend->fault ? backend->fault(runner) : NULL;
        snprintf(err, err_size, "%s failed: %s", backend->name, fault ? fault : "no reason");
    }
    backend->destroy(runner);
    return ok;
}

static double
snr(const chunk* c)
{
    double power = 0.0;
    double error = 0.0;
    for (size_t i = 0; i < c->size; ++i) {
        const double a = (double)c->mask[1][i];
        const double e = (double)c->mask[0][i] - a;
        power += a * a;
        error += e * e;
    }
    return 10.0 * log10(power / error);
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
