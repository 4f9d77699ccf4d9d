// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/pace.h"

// Sound cards' clocks may run faster than ours by much less than this
#define DRIFT 0.02
// More than hosts buffer: a time, s, and a number of their blocks
#define BUFFERED_TIME   0.25
#define BUFFERED_BLOCKS 4

bool
ub_pace_ahead(ub_pace* pace, uint32_t n, double now)
{
    if (pace->last > 0.0) {
        pace->ahead += (1.0 - DRIFT) * pace->samples / pace->rate - (now - pace->last);
    }
    if (pace->ahead < 0.0) {
        pace->ahead = 0.0; // It paused or was late: nothing is owed for that
    }
    pace->last = now;
    pace->samples = n;
    pace->longest = n > pace->longest ? n : pace->longest;
    return pace->ahead > BUFFERED_TIME + BUFFERED_BLOCKS * pace->longest / pace->rate;
}
