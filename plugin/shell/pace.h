// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_PACE_H
#define UB_PLUGIN_SHELL_PACE_H

/**
   @file
   Whether a host runs ahead of real time without saying so, as Ardour does while it
   bounces a track and as ffmpeg does always.

   A real-time host is never further ahead of the clock than the few blocks that it
   buffers.  One that is may be kept waiting: it stays ahead.
*/

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    double rate;      ///< Hz
    double last;      ///< When the last block came, s; 0 before the first
    double ahead;     ///< s, at least 0
    uint32_t samples; ///< Of the last block
    uint32_t longest; ///< Block so far, samples
} ub_pace;

/**
   A block of n samples comes in at a time.  Real-time safe.

   @param now Seconds on a clock that never steps back.
   @return Whether the host is so far ahead that it cannot be running in real time.
*/
bool ub_pace_ahead(ub_pace* pace, uint32_t n, double now);

#endif // UB_PLUGIN_SHELL_PACE_H
