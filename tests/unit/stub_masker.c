// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/unit/stub_masker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static stub_masker*
of(ub_masker* masker)
{
    return (stub_masker*)masker;
}

static bool
take_frame(ub_masker* masker, int64_t t, const float* magnitude)
{
    stub_masker* stub = of(masker);
    if (stub->newest < 0) {
        stub->first = t;
    }
    stub->newest = t;
    memcpy(stub->magnitude, magnitude, sizeof(float) * stub->grid.channels * stub->grid.bins);
    return true;
}

static ub_job*
begin(ub_masker* masker, uint32_t count)
{
    stub_masker* stub = of(masker);
    const bool full = stub->submitted - stub->released == stub->limit;
    ub_job* job = full ? NULL : &stub->job[stub->submitted % STUB_JOBS];
    if (job) {
        job->count = count;
    }
    return job;
}

static void
submit(ub_masker* masker, ub_job* job)
{
    stub_masker* stub = of(masker);
    const ub_grid* g = &stub->grid;
    float* out = job->mask;
    job->ok = !stub->fails;
    stub->masked += job->conditions > 0;
    if (job->conditions > stub->most_conditions) {
        stub->most_conditions = job->conditions;
    }
    for (uint32_t s = 0; s < masker->slots; ++s) {
        out = job->mask + (size_t)s * job->count * g->channels * g->bins;
        for (uint32_t i = 0; i < job->count; ++i) {
            const uint8_t which = job->which[s * masker->max_count + i];
            const float* condition = which == UB_UNMASKED ? NULL : job->condition[which];
            for (uint32_t c = 0; c < g->channels; ++c) {
                for (uint32_t b = 0; b < g->bins; ++b) {
                    *out++ = condition ? stub->mask(stub, job->first + i, condition, c, b) : NAN;
                }
            }
        }
    }
    stub->asked_at[stub->submitted % STUB_JOBS] = stub->newest;
    ++stub->submitted;
}

static ub_job*
next(ub_masker* masker)
{
    stub_masker* stub = of(masker);
    const uint32_t i = stub->taken % STUB_JOBS;
    if (stub->taken == stub->submitted || stub->delay == STUB_NEVER ||
        stub->newest - stub->asked_at[i] < stub->delay) {
        return NULL;
    }
    ++stub->taken;
    return &stub->job[i];
}

static void
release(ub_masker* masker, ub_job* job)
{
    (void)job;
    ++of(masker)->released;
}

static bool
wait_answer(ub_masker* masker)
{
    stub_masker* stub = of(masker);
    if (stub->taken == stub->submitted || stub->delay == STUB_NEVER) {
        return false;
    }
    stub->asked_at[stub->taken % STUB_JOBS] = INT64_MIN / 2; // its time has come
    return true;
}

stub_masker*
stub_masker_new(const ub_grid* grid, uint32_t slots, uint32_t max_count, stub_mask mask)
{
    stub_masker* stub = calloc(1, sizeof(stub_masker));
    stub->masker =
        (ub_masker){take_frame, begin, submit, next, release, wait_answer, max_count, slots};
    stub->grid = *grid;
    stub->mask = mask;
    stub->newest = -1;
    stub->limit = STUB_JOBS;
    stub->magnitude = calloc((size_t)grid->channels * grid->bins, sizeof(float));
    for (uint32_t i = 0; i < STUB_JOBS; ++i) {
        const size_t frames = (size_t)slots * max_count;
        stub->job[i].which = calloc(frames, 1);
        stub->job[i].mask = calloc(frames * grid->channels * grid->bins, sizeof(float));
    }
    return stub;
}

void
stub_masker_free(stub_masker* stub)
{
    for (uint32_t i = 0; i < STUB_JOBS; ++i) {
        free(stub->job[i].which);
        free(stub->job[i].mask);
    }
    free(stub->magnitude);
    free(stub);
}

ub_grid
stub_grid(uint32_t channels)
{
    return (ub_grid){.rate = 44100,
                     .window = 2048,
                     .hop = 512,
                     .frames = 128,
                     .channels = channels,
                     .first_bin = 1,
                     .dft_bins = 1024,
                     .kept = 1024,
                     .bins = 1024,
                     .sources = 4,
                     .dropped_mask = NAN,
                     .nearest = 1};
}

float
stub_one(const stub_masker* stub, int64_t t, const float* condition, uint32_t c, uint32_t b)
{
    (void)stub, (void)t, (void)condition, (void)c, (void)b;
    return 1.0f;
}

float
stub_garbage(const stub_masker* stub, int64_t t, const float* condition, uint32_t c, uint32_t b)
{
    (void)stub, (void)condition, (void)c;
    const float garbage[] = {NAN, INFINITY, -INFINITY, -3.0f, 1e30f, 0.5f};
    return garbage[(uint64_t)(t + b) % 6];
}

float
stub_first_source(const stub_masker* stub, int64_t t, const float* condition, uint32_t c,
                  uint32_t b)
{
    (void)stub, (void)t, (void)c, (void)b;
    return condition[0];
}
