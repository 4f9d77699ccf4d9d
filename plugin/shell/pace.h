// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_PACE_H
#define UB_PLUGIN_SHELL_PACE_H

/**
   @file
   Whether a host runs ahead of real time without saying so, as Ardour does while it
   bounces a track and as ffmpeg does always.

   A real-time host may be given another rate than it told, by a tenth or so, and is
   further ahead of that by no more than the few blocks that it buffers.  One that runs
   much faster may be kept waiting, and the time that it waits does not count: it stays
   ahead.  A thread with a real-time policy never is.
*/

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    double rate;      ///< Hz
    double last;      ///< When the last block came, s; 0 before the first
    double ahead;     ///< Of what a real-time host does, s, at least 0 and bounded
    uint32_t samples; ///< Of the last block
    uint32_t longest; ///< Block so far, samples
} ub_pace;

/**
   A block of n samples comes in at a time.  Real-time safe.

   @param now Seconds on a clock that never steps back.
   @return Whether the host is so far ahead that it cannot be running in real time.
*/
bool ub_pace_ahead(ub_pace* pace, uint32_t n, double now);

/// The host has been kept waiting for so many seconds since the last block came.
void ub_pace_waited(ub_pace* pace, double seconds);

#endif // UB_PLUGIN_SHELL_PACE_H
