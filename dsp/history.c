// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/history.h"

#include "dsp/bits.h"
#include "dsp/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LOUDEST 1e6f

struct ub_history_s {
    uint32_t channels;
    uint32_t mask;  // ring length - 1
    float* samples; // [channels][ring]
    int64_t quiet;  // no sample but 0 from there on
};

ub_history*
ub_history_new(uint32_t channels, uint32_t length)
{
    ub_history* history = calloc(1, sizeof(ub_history));
    if (!history) {
        return NULL;
    }
    const uint32_t ring = ub_power_of_two(length);
    history->channels = channels;
    history->mask = ring - 1;
    history->samples = ub_touched_alloc((size_t)channels * ring, sizeof(float));
    if (!history->samples) {
        free(history);
        return NULL;
    }
    return history;
}

void
ub_history_free(ub_history* history)
{
    if (history) {
        free(history->samples);
        free(history);
    }
}

void
ub_history_reset(ub_history* history, uint32_t before)
{
    const size_t ring = (size_t)history->mask + 1;
    for (uint32_t c = 0; c < history->channels; ++c) {
        memset(history->samples + (c + 1) * ring - before, 0, before * sizeof(float));
    }
    history->quiet = -(int64_t)before;
}

static inline float
made_fit(float x)
{
    const float low = x > -LOUDEST ? x : -LOUDEST;
    const float cut = low < LOUDEST ? low : LOUDEST;
    return x - x == 0.0f ? cut : 0.0f; // the difference is NaN for NaN and infinity
}

void
ub_history_write(ub_history* history, int64_t start, uint32_t channel, const float* in, uint32_t n)
{
    float* ring = history->samples + (size_t)channel * (history->mask + 1);
    bool sound = false;
    for (uint32_t i = 0; i < n; ++i) {
        const float x = made_fit(in[i]);
        ring[(uint32_t)(start + i) & history->mask] = x;
        sound = sound || x != 0.0f;
    }
    history->quiet = sound ? start + n : history->quiet;
}

void
ub_history_read(const ub_history* history, int64_t start, uint32_t channel, float* out, uint32_t n)
{
    const float* ring = history->samples + (size_t)channel * (history->mask + 1);
    const uint32_t p = (uint32_t)start & history->mask;
    const uint32_t room = history->mask + 1 - p;
    const uint32_t m = n < room ? n : room;
    memcpy(out, ring + p, m * sizeof(float));
    memcpy(out + m, ring, (n - m) * sizeof(float));
}

int64_t
ub_history_quiet(const ub_history* history)
{
    return history->quiet;
}
