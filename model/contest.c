// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/contest.h"

#include "model/clock.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#define RUNS 4 // of which the first makes ready and the best one counts

typedef struct {
    const ub_model* model;
    ub_folded* folded;
    float* input;   // [channels][frames][bins]
    float* mask[2]; // The device's and the processor's, likewise
    size_t size;    // of each
} chunk;

// Noise that is always the same, as quiet as most of music
static void fill(float* values, size_t n, float scale)
{
    uint32_t state = 1;
    for (size_t i = 0; i < n; ++i) {
        state = state * 1664525U + 1013904223U; // Numerical Recipes
        const float u = (float)(state >> 8) * 0x1p-24f;
        values[i] = scale * u * u;
    }
}

static bool chunk_make(chunk* c, const ub_model* model)
{
    const ub_network* net = &model->net;
    float condition[UB_NET_SOURCES] = {1.0f};
    c->model = model;
    c->size = (size_t)net->channels * net->frames * net->bins;
    c->input = malloc(c->size * sizeof(float));
    c->mask[0] = calloc(c->size, sizeof(float));
    c->mask[1] = calloc(c->size, sizeof(float));
    c->folded = ub_folded_new(net);
    if (!c->input || !c->mask[0] || !c->mask[1] || !c->folded) {
        return false;
    }
    fill(c->input, c->size, net->input_scale);
    ub_fold(model, condition, c->folded);
    return true;
}

static void chunk_clear(chunk* c)
{
    ub_folded_free(c->folded);
    free(c->input);
    free(c->mask[0]);
    free(c->mask[1]);
}

// The time of a chunk in s; NAN with one line in err if it cannot be had
static double measure(const chunk* c, const ub_backend* backend, float* mask, char* err,
                      size_t err_size)
{
    double best = INFINITY;
    const ub_item item = {.input = c->input, .folded = c->folded, .mask = mask};
    ub_runner* runner = backend->create(c->model, err, err_size);
    for (int i = 0; runner && i < RUNS && !isnan(best); ++i) {
        const double start = ub_now();
        if (!backend->run(runner, &item, 1, 0, c->model->net.frames)) {
            const char* fault = backend->fault ? backend->fault(runner) : NULL;
            snprintf(err, err_size, "%s failed: %s", backend->name, fault ? fault : "no reason");
            best = NAN;
        } else if (i) {
            best = fmin(best, ub_now() - start);
        }
    }
    if (!runner) {
        return NAN;
    }
    backend->destroy(runner);
    return best;
}

static double snr(const chunk* c)
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

static bool judge(const chunk* c, const ub_backend* device, const ub_backend* processor, char* why,
                  size_t why_size)
{
    char err[256] = "";
    const double a = measure(c, device, c->mask[0], err, sizeof(err));
    const double b = isnan(a) ? NAN : measure(c, processor, c->mask[1], err, sizeof(err));
    if (isnan(a)) {
        snprintf(why, why_size, "%s", err);
        return false;
    }
    const double same = snr(c);
    if (!isnan(b) && !(same >= UB_CONTEST_SNR)) {
        snprintf(why, why_size, "%s differs from %s (%.1f dB, expected %.0f or more)", device->name,
                 processor->name, same, UB_CONTEST_SNR);
        return false;
    }
    const bool won = isnan(b) || a < b;
    const ub_backend* winner = won ? device : processor;
    const ub_backend* other = won ? processor : device;
    snprintf(why, why_size, "%s takes %.2f ms for a chunk, %s %.2f ms", winner->name,
             1e3 * (won ? a : b), other->name, 1e3 * (won ? b : a));
    return won;
}

bool ub_contest(const ub_model* model, const ub_backend* device, const ub_backend* processor,
                unsigned threads, char* why, size_t why_size)
{
    chunk c = {0};
    bool won = false;
    const int before = omp_get_max_threads(); // of the calling thread, which is the host's
    omp_set_num_threads((int)threads);
    if (chunk_make(&c, model)) {
        won = judge(&c, device, processor, why, why_size);
    } else {
        snprintf(why, why_size, "out of memory");
    }
    omp_set_num_threads(before);
    chunk_clear(&c);
    return won;
}
