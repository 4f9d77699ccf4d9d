// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_OVERLAP_H
#define UB_DSP_OVERLAP_H

/**
   @file
   Overlap-add of windowed frames at any sample positions, divided by the sum of
   windows that really was accumulated there.  Real-time safe, except new and free.
*/

#include <stdint.h>

typedef struct ub_overlap_s ub_overlap;

/// For frames of at most `size` samples.  NULL: no memory.
ub_overlap* ub_overlap_new(uint32_t channels, uint32_t size);
void ub_overlap_free(ub_overlap* overlap);

/// Start over, empty.
void ub_overlap_reset(ub_overlap* overlap);

/// Add the window that a frame of n samples from sample `start` on has had, all in all,
/// [n]: once a frame.
void ub_overlap_begin(ub_overlap* overlap, int64_t start, const float* window, uint32_t n);

/// Add one channel of that frame, [n].
void ub_overlap_add(ub_overlap* overlap, int64_t start, uint32_t channel, const float* frame,
                    uint32_t n);

/// Take n finished samples of a channel from sample `start` on; 0 where no frame came.
void ub_overlap_read(const ub_overlap* overlap, int64_t start, uint32_t channel, float* out,
                     uint32_t n);

/// Clear n samples that have been read on all channels.
void ub_overlap_clear(ub_overlap* overlap, int64_t start, uint32_t n);

#endif // UB_DSP_OVERLAP_H
