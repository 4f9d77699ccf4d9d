// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_BENCH_REALTIME_H
#define UB_BENCH_REALTIME_H

/**
   @file
   What plays the audio thread's part in benchmarks: clocks and something to hear.
*/

#include "dsp/clock.h"

#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define UB_AUDIO_PRIORITY 10 // What JACK gives, if nobody says otherwise

/// Run the calling thread as hosts run their audio threads.  False if that is not permitted.
static inline bool
ub_be_audio_thread(void)
{
    const struct sched_param param = {UB_AUDIO_PRIORITY};
    return !sched_setscheduler(0, SCHED_FIFO, &param);
}

/// What ub_be_audio_thread has made of the thread, for people
static inline const char*
ub_audio_thread_name(bool realtime)
{
    return realtime ? "SCHED_FIFO" : "not real-time (not permitted)";
}

/// Sleep until a time of CLOCK_MONOTONIC, s.
static inline void
ub_sleep_until(double time)
{
    const struct timespec t = {(time_t)time, (long)((time - floor(time)) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static inline void
ub_fill_noise(float* x, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        x[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    }
}

/// Seconds that a virtual machine's cores have so far been kept from running, all together
static inline double
ub_stolen(void)
{
    long stolen = 0;
    FILE* file = fopen("/proc/stat", "r");
    if (!file || fscanf(file, "cpu %*d %*d %*d %*d %*d %*d %*d %ld", &stolen) != 1) {
        stolen = 0;
    }
    if (file) {
        fclose(file);
    }
    return (double)stolen / (double)sysconf(_SC_CLK_TCK);
}

/// For qsort of double
static inline int
ub_compare(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

#endif // UB_BENCH_REALTIME_H
