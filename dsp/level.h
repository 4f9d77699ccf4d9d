// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_LEVEL_H
#define UB_DSP_LEVEL_H

/**
   @file
   How loud a stream is, so that a network can hear all of them as loud as each other.

   A slow follower of the power of frames.  A frame's gain depends on that frame and those
   before it alone, so that it is the same for any blocks, and a frame keeps it in every
   window that it is part of.  model/network/FORMAT.md has the formula.  Real-time safe.
*/

#include <stdint.h>

typedef struct {
    double target; ///< Power to be brought to, 0 to leave all as it is
    double hop;    ///< s
    double level;  ///< Mean power of the last few seconds with sound
    double burst;  ///< and of the last fraction of one
    uint64_t n;    ///< Frames with sound so far
} ub_level;

/// A follower that has heard nothing yet.
/// @param level Root mean square to be brought to, dB of full scale, below 0; 0 to leave all
/// as it is: every gain is 1
ub_level ub_level_new(double level, double hop);

/// The gain of the next frame, of a power (mean square).
float ub_level_next(ub_level* follower, double power);

#endif // UB_DSP_LEVEL_H
