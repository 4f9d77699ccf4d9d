// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/schedule.h"

#include "dsp/gridmap.h"

static uint32_t
larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

ub_room
ub_timings_room(const ub_timing* timings, uint32_t n)
{
    ub_room room = {0, 0, 0, 0};
    uint32_t shortest = UINT32_MAX;
    for (uint32_t i = 0; i < n; ++i) {
        const ub_timing* t = &timings[i];
        const uint32_t count = ub_timing_count(t);
        // Until the first job is taken.  What a reset leaves behind is taken away before.
        const uint32_t waiting = t->lookahead + t->step + t->deadline;
        shortest = count < shortest ? count : shortest;
        room.max_count = larger(room.max_count, count);
        room.mask_frames = larger(room.mask_frames, ub_timing_jobs(t) * count);
        room.backlog = larger(room.backlog, waiting);
    }
    // As many as there may be masks for, and one that asks for none, after a reset
    room.jobs = room.mask_frames / shortest + 1;
    return room;
}

uint32_t
ub_timing_latency(const ub_grid* grid, const ub_timing* t, double rate)
{
    const ub_schedule s = {ub_gridmap_size(grid, rate), ub_gridmap_hop(grid, rate)};
    return ub_schedule_latency(&s, t);
}
