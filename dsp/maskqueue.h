// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_MASKQUEUE_H
#define UB_DSP_MASKQUEUE_H

/**
   @file
   Answered jobs on the audio thread, and the mask of one frame out of them.
   All functions are real-time safe, except new and free.
*/

#include "dsp/masker.h"

typedef struct ub_maskqueue_s ub_maskqueue;

/// @param masker Not owned.  NULL: no mask ever comes.
/// @param jobs Answers that may wait for their frames, at least 1; more stay with the masker
/// until there is room.
ub_maskqueue* ub_maskqueue_new(ub_masker* masker, uint32_t slots, uint32_t mask_size,
                               uint32_t jobs);

/// Gives the jobs it holds back to the masker.
void ub_maskqueue_free(ub_maskqueue* queue);

/// Forget every mask, and all those for frames before `first`.
void ub_maskqueue_reset(ub_maskqueue* queue, int64_t first);

/// Take in the answers that have come and let go those before frame t, the next one
/// to be played.  False if there were none.
bool ub_maskqueue_collect(ub_maskqueue* queue, int64_t t);

/// The same, but wait for an answer if there is none yet.  False if none is under way,
/// or there is no room for it.  Not real-time safe.
bool ub_maskqueue_wait(ub_maskqueue* queue, int64_t t);

/**
   Make every slot's mask for frame t ready.

   Frames are asked for in ascending order.  The last `fade` frames of an answer
   are also the first ones of the next, over which that is cross-faded in.  A
   frame whose own answer is not there takes what the one before it says or,
   after that, keeps the newest mask there is.

   @param wait Wait for the answer if it is under way.  Not real-time safe.
   @return False if the frame's own answer is not there.
*/
bool ub_maskqueue_advance(ub_maskqueue* queue, int64_t t, uint32_t fade, bool wait);

/// A slot's mask, [channels][bins], as of the last advance; all 1 before any came.
const float* ub_maskqueue_mask(const ub_maskqueue* queue, uint32_t slot);

#endif // UB_DSP_MASKQUEUE_H
