// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/contest.h"

#include "dsp/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define RUNS 4 // of which the first makes ready and the best one counts

typedef struct {
    const ub_model* model;
    ub_folded* folded;
    float* input;   // [channels][frames][bins]
    float* mask[2]; // The challenger's and the processor's, likewise
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

// The time of a chunk in s; NAN with one line in err if it cannot be had
static double
measure(const chunk* c, const ub_backend* backend, ub_runner* runner, float* mask, char* err,
        size_t err_size)
{
    double best = INFINITY;
    const ub_item item = {.input = c->input, .folded = c->folded, .mask = mask};
    for (int i = 0; i < RUNS && !isnan(best); ++i) {
        const double start = ub_now();
        if (!backend->run(runner, &item, 1, 0, c->model->net.frames)) {
            const char* fault = backend->fault ? backend->fault(runner) : NULL;
            snprintf(err, err_size, "%s failed: %s", backend->name, fault ? fault : "no reason");
            best = NAN;
        } else if (i) {
            best = fmin(best, ub_now() - start);
        }
    }
    return best;
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

/* One of the two.  */
typedef struct {
    const ub_backend* backend;
    ub_runner* runner;
    double time; // of a chunk, s
} contestant;

static bool
judge(const chunk* c, const contestant* challenger, const contestant* processor, char* why,
      size_t why_size)
{
    const double same = snr(c);
    const double gain = fmax(challenger->backend->gain, 1.0);
    if (!isnan(processor->time) && !(same >= UB_CONTEST_SNR)) {
        snprintf(why, why_size, "%s differs from %s (%.1f dB, expected %.0f or more)",
                 challenger->backend->name, processor->backend->name, same, UB_CONTEST_SNR);
        return false;
    }
    const bool won = isnan(processor->time) || challenger->time * gain < processor->time;
    const contestant* winner = won ? challenger : processor;
    const contestant* other = won ? processor : challenger;
    snprintf(why, why_size, "%s takes %.2f ms for a chunk, %s %.2f ms%s", winner->backend->name,
             1e3 * winner->time, other->backend->name, 1e3 * other->time,
             !won && other->time < winner->time ? ", too little for its precision" : "");
    return won;
}

static void
compete(const chunk* c, contestant* one, float* mask, char* err, size_t err_size)
{
    one->runner = one->backend->create(c->model, err, err_size);
    one->time = one->runner ? measure(c, one->backend, one->runner, mask, err, err_size) : NAN;
}

bool
ub_contest(const ub_model* model, const ub_backend* challenger, const ub_backend* processor,
           ub_winner* winner, char* why, size_t why_size)
{
    chunk c = {0};
    contestant a = {.backend = challenger, .time = NAN};
    contestant b = {.backend = processor, .time = NAN};
    char err[256] = "";
    bool won = false;
    if (!chunk_make(&c, model)) {
        snprintf(why, why_size, "out of memory");
    } else {
        compete(&c, &a, c.mask[0], why, why_size);
    }
    if (!isnan(a.time)) {
        compete(&c, &b, c.mask[1], err, sizeof(err));
        won = judge(&c, &a, &b, why, why_size);
    }
    chunk_clear(&c);
    *winner = (ub_winner){won ? challenger : processor, won ? a.runner : b.runner};
    ub_winner loser = {won ? processor : challenger, won ? b.runner : a.runner};
    ub_winner_drop(&loser);
    if (winner->backend->device) { // two may not have room on one machine
        ub_winner_drop(winner);
    }
    return won;
}

void
ub_winner_drop(ub_winner* winner)
{
    if (winner->runner) {
        winner->backend->destroy(winner->runner);
    }
    winner->runner = NULL;
}
