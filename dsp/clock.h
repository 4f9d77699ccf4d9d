// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_CLOCK_H
#define UB_DSP_CLOCK_H

/**
   @file
   Time in seconds.  Real-time safe.
*/

#include <time.h>

/// The time of a clock
static inline double
ub_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/// The time since some moment, which never goes back
static inline double
ub_now(void)
{
    return ub_clock(CLOCK_MONOTONIC);
}

#endif // UB_DSP_CLOCK_H
