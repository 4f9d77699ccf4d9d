// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/pace.h"

#include <math.h>
#include <sched.h>

// Times real time.  A sound card may run at 48 kHz for a host that told 44.1
#define FASTEST 1.25
// More than hosts buffer: a time, s, and a number of their blocks
#define BUFFERED_TIME   0.25
#define BUFFERED_BLOCKS 4

static bool
real_time_thread(void)
{
    const int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
    return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

bool
ub_pace_ahead(ub_pace* pace, uint32_t n, double now)
{
    pace->longest = n > pace->longest ? n : pace->longest;
    const double most = BUFFERED_TIME + BUFFERED_BLOCKS * pace->longest / pace->rate;
    if (pace->last > 0.0) {
        pace->ahead += pace->samples / pace->rate - FASTEST * (now - pace->last);
    }
    // It paused or was late: nothing is owed for that.  Nor does it gain by having been much
    // faster, but for a pause or two.
    pace->ahead = fmin(fmax(pace->ahead, 0.0), 2.0 * most);
    pace->last = now;
    pace->samples = n;
    return pace->ahead > most && !real_time_thread();
}

void
ub_pace_waited(ub_pace* pace, double seconds)
{
    pace->last += seconds;
}
