// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/load.h"

#include <math.h>

#define CONSTANT 1.0      // s
#define WHOLE    65535.0f // a mean of 1

static uint64_t
pack(float mean, unsigned busy, double now)
{
    return (uint64_t)lroundf(mean * WHOLE) << 48 | (uint64_t)busy << 40 | (uint64_t)(now * 1e3);
}

static unsigned
busy_of(uint64_t state)
{
    return (unsigned)(state >> 40) & 0xffu;
}

// The mean, if nothing has changed since; another core's clock may be a little behind
static float
mean_at(uint64_t state, unsigned workers, double now)
{
    const double then = 1e-3 * (double)(state & ((UINT64_C(1) << 40) - 1));
    const float mean = (float)(state >> 48) / WHOLE;
    const float share = (float)busy_of(state) / (float)workers;
    return share + (mean - share) * (float)exp(-fmax(now - then, 0.0) / CONSTANT);
}

void
ub_load_init(ub_load* load, unsigned workers)
{
    load->workers = workers;
    atomic_init(&load->state, 0);
}

void
ub_load_add(ub_load* load, int busy, double now)
{
    const uint64_t state = atomic_load_explicit(&load->state, memory_order_relaxed);
    const float mean = mean_at(state, load->workers, now);
    const unsigned then = (unsigned)((int)busy_of(state) + busy);
    atomic_store_explicit(&load->state, pack(mean, then, now), memory_order_relaxed);
}

float
ub_load_get(const ub_load* load, double now)
{
    return mean_at(atomic_load_explicit(&load->state, memory_order_relaxed), load->workers, now);
}
