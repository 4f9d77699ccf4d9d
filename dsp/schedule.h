// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_SCHEDULE_H
#define UB_DSP_SCHEDULE_H

/**
   @file
   When things happen: plain arithmetic on frame and sample numbers.

   Frame r of a stream (r = 0, 1...) is centred on sample (r - 1) * hop, so that
   frame 1 is centred on the first sample, as in an offline transform, and the
   first sample lies in as many frames as any other.  Frames start at the
   nearest whole sample.
*/

#include "dsp/bits.h"
#include "dsp/separator.h"

#include <math.h>

typedef struct {
    uint32_t size; ///< Window, samples at the host's rate, even
    double hop;    ///< samples at the host's rate
} ub_schedule;

static inline int64_t
ub_frame_centre(const ub_schedule* s, int64_t r)
{
    // Halves go up, on both sides of 0, and where the product misses them by a little: else two
    // frames n apart could be a sample further than n hops
    return (int64_t)floor((double)(r - 1) * s->hop + 0.5001);
}

static inline int64_t
ub_frame_start(const ub_schedule* s, int64_t r)
{
    return ub_frame_centre(s, r) - s->size / 2;
}

/// Frames from a frame's analysis to its synthesis: the first frame of a job
/// waits for step - 1 more and the look-ahead, and then for the answer.
static inline uint32_t
ub_timing_delay(const ub_timing* t)
{
    return t->lookahead + t->step - 1 + t->deadline;
}

/// The first frame that a job due after frame r is asked for
static inline int64_t
ub_timing_first(const ub_timing* t, int64_t r)
{
    return r - t->lookahead - (t->step - 1);
}

/// Whether a job is due once frame r has been analysed
static inline bool
ub_timing_due(const ub_timing* t, int64_t r)
{
    return ub_timing_first(t, r) >= 0 && ub_timing_first(t, r) % t->step == 0;
}

/// Frames that a job asks for
static inline uint32_t
ub_timing_count(const ub_timing* t)
{
    return t->step + t->fade;
}

/// Jobs under way and held at once: one is given back step + fade + deadline frames after
/// it was submitted, when the last of its frames has been played
static inline uint32_t
ub_timing_jobs(const ub_timing* t)
{
    return (ub_timing_count(t) + t->deadline + t->step - 1) / t->step;
}

/// What a masker must have room for, whichever of n timings is chosen
ub_room ub_timings_room(const ub_timing* timings, uint32_t n);

/// The number of a stream's first frame after a reset, when all before `end` have been
/// used: a window that reaches it reaches none of those.  Streams begin at multiples of a
/// power of two, so that windows fall on the same frames of a grid every time.
static inline int64_t
ub_epoch_after(int64_t end, uint32_t window)
{
    const int64_t grid = ub_power_of_two(window);
    return (end / grid + 2) * grid;
}

/// Samples of a frame that are heard, an even number: its centre's and as many on both sides
static inline uint32_t
ub_schedule_heard(const ub_schedule* s, const ub_timing* t)
{
    const uint32_t n = 2 * (uint32_t)lround(t->heard * s->hop / 2);
    return n && n < s->size ? n : s->size;
}

/// A sample waits for the frame that ends its last frame's window to be analysed.  Between
/// two frames n apart lie at most ceil(n * hop) samples.
static inline uint32_t
ub_schedule_latency(const ub_schedule* s, const ub_timing* t)
{
    const uint32_t halves = s->size / 2 + ub_schedule_heard(s, t) / 2;
    return halves + (uint32_t)ceil(ub_timing_delay(t) * s->hop - 1e-6);
}

#endif // UB_DSP_SCHEDULE_H
