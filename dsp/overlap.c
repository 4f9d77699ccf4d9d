// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/overlap.h"

#include "dsp/bits.h"
#include "dsp/memory.h"

#include <stdlib.h>
#include <string.h>

// Below this, -120 dB of a full window, samples are not divided up again
#define LEAST_WINDOW 1e-6f

struct ub_overlap_s {
    uint32_t channels;
    uint32_t mask;  // ring length - 1, a power of two above twice the frame size
    float* sum;     // [ring] windows accumulated
    float* samples; // [channels][ring]
};

ub_overlap*
ub_overlap_new(uint32_t channels, uint32_t size)
{
    ub_overlap* overlap = calloc(1, sizeof(ub_overlap));
    if (!overlap) {
        return NULL;
    }
    const uint32_t ring = ub_power_of_two(2 * size);
    overlap->channels = channels;
    overlap->mask = ring - 1;
    overlap->sum = ub_touched_alloc(ring, sizeof(float));
    overlap->samples = ub_touched_alloc((size_t)channels * ring, sizeof(float));
    if (!overlap->sum || !overlap->samples) {
        ub_overlap_free(overlap);
        return NULL;
    }
    return overlap;
}

void
ub_overlap_free(ub_overlap* overlap)
{
    if (overlap) {
        free(overlap->sum);
        free(overlap->samples);
        free(overlap);
    }
}

void
ub_overlap_reset(ub_overlap* overlap)
{
    const size_t ring = overlap->mask + 1;
    memset(overlap->sum, 0, ring * sizeof(float));
    memset(overlap->samples, 0, overlap->channels * ring * sizeof(float));
}

// Samples from ring position p on that lie in one piece, at most n
static uint32_t
piece(const ub_overlap* overlap, uint32_t p, uint32_t n)
{
    const uint32_t room = overlap->mask + 1 - p;
    return n < room ? n : room;
}

static void
accumulate(const ub_overlap* overlap, float* ring, int64_t start, const float* x, uint32_t n)
{
    const uint32_t p = (uint32_t)start & overlap->mask;
    const uint32_t m = piece(overlap, p, n);
    for (uint32_t i = 0; i < m; ++i) {
        ring[p + i] += x[i];
    }
    for (uint32_t i = m; i < n; ++i) {
        ring[i - m] += x[i];
    }
}

void
ub_overlap_begin(ub_overlap* overlap, int64_t start, const float* window, uint32_t n)
{
    accumulate(overlap, overlap->sum, start, window, n);
}

void
ub_overlap_add(ub_overlap* overlap, int64_t start, uint32_t channel, const float* frame, uint32_t n)
{
    accumulate(overlap, overlap->samples + (size_t)channel * (overlap->mask + 1), start, frame, n);
}

void
ub_overlap_read(const ub_overlap* overlap, int64_t start, uint32_t channel, float* out, uint32_t n)
{
    const float* ring = overlap->samples + (size_t)channel * (overlap->mask + 1);
    while (n > 0) {
        const uint32_t p = (uint32_t)start & overlap->mask;
        const uint32_t m = piece(overlap, p, n);
        for (uint32_t i = 0; i < m; ++i) {
            const float sum = overlap->sum[p + i];
            out[i] = sum > LEAST_WINDOW ? ring[p + i] / sum : 0.0f;
        }
        start += m;
        out += m;
        n -= m;
    }
}

void
ub_overlap_clear(ub_overlap* overlap, int64_t start, uint32_t n)
{
    const size_t ring = overlap->mask + 1;
    while (n > 0) {
        const uint32_t p = (uint32_t)start & overlap->mask;
        const uint32_t m = piece(overlap, p, n);
        memset(overlap->sum + p, 0, m * sizeof(float));
        for (uint32_t c = 0; c < overlap->channels; ++c) {
            memset(overlap->samples + c * ring + p, 0, m * sizeof(float));
        }
        start += m;
        n -= m;
    }
}
