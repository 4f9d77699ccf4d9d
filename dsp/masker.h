// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_MASKER_H
#define UB_DSP_MASKER_H

/**
   @file
   Where the separator gets its masks from: the one interface between the
   audio side and the network side.  The inference engine implements it; tests
   replace it with a stub that returns a known mask.

   Frames are counted by an index that only grows.  After a reset the index
   jumps by more than a window, so no frame number is ever used twice and old
   answers need no cancelling: they cover no frame that is still to be played.
*/

#include <stdbool.h>
#include <stdint.h>

#define UB_MAX_CHANNELS   2
#define UB_MAX_SOURCES    8   ///< Longest condition vector
#define UB_MAX_SLOTS      8   ///< Sets of masks made from the same input
#define UB_MAX_CONDITIONS 8   ///< Distinct condition vectors in one job
#define UB_UNMASKED       255 ///< In place of a condition: the frame needs no mask

/** The time-frequency grid on which a model takes magnitudes and gives masks. */
typedef struct {
    double rate;        ///< Sample rate, Hz
    uint32_t window;    ///< Hann window and DFT length, samples at `rate`
    uint32_t hop;       ///< Distance between frames, samples at `rate`
    uint32_t frames;    ///< Frames in one chunk
    uint32_t channels;  ///< 1 or 2
    uint32_t first_bin; ///< First DFT bin that the network sees
    uint32_t dft_bins;  ///< DFT bins that it sees
    uint32_t kept;      ///< Of those the lowest, which it takes as they are; it takes the
                        ///< others grouped to bands (see bands.h)
    uint32_t bins;      ///< Values per frame, in magnitudes and masks: kept bins and bands
    uint32_t sources;   ///< Length of a condition vector
    float level;        ///< Root mean square that it wants sounds at, dB of full scale, below 0;
                        ///< or 0 to take them as they are (see level.h)
    float dropped_mask; ///< Mask of DFT bins that the network does not see, or NaN for
                        ///< the mean of those of the nearest bins that it does see,
    uint32_t nearest;   ///< of so many, from 1 to dft_bins
} ub_grid;

/** What a masker must have room for; see ub_timings_room. */
typedef struct {
    uint32_t max_count;   ///< Longest `count` of a job
    uint32_t jobs;        ///< Under way and held at a time
    uint32_t mask_frames; ///< Frames of masks, of each slot, that those hold
    uint32_t backlog;     ///< Frames that may come before a job takes them; more are refused
} ub_room;

/**
   One request for masks, and the answer to it.

   A job knows slots, each of which has a condition at every frame, and nothing of what is
   made of their masks.

   Belongs to the masker; the separator holds it between begin() and submit(),
   and again between next() and release().
*/
typedef struct {
    int64_t end;         ///< Newest frame of the window, which is `grid.frames` long
    int64_t first;       ///< First frame whose mask is asked for
    uint32_t count;      ///< Frames asked for; first + count - 1 <= end
    double budget;       ///< Seconds of audio from submit() until the answer is needed
    double expiry;       ///< Seconds of audio from submit() until it is of no use any more;
                         ///< INFINITY for one that is waited for, as are then those before it
    bool thorough;       ///< Masks may cost as much as all sources' do, where they gain by it
    uint32_t conditions; ///< Condition vectors used; 0 if no frame needs a mask, and
                         ///< the masker only takes the frames in
    float condition[UB_MAX_CONDITIONS][UB_MAX_SOURCES]; ///< The vectors
    uint8_t* which; ///< Each frame's condition or UB_UNMASKED, [slots][max_count]
    float* mask;    ///< Answer, [slots][count][channels][bins], 0 to 1
    bool ok;        ///< False if there is no mask: too late, or it could not be computed
} ub_job;

/** A source of masks for one stream.  Calls come from one (audio) thread. */
typedef struct ub_masker_s ub_masker;
struct ub_masker_s {
    /// Give the magnitudes of frame t, [channels][bins].  Real-time safe.  False if
    /// there is no room, because jobs are far behind: the frame counts as silence.
    bool (*frame)(ub_masker* self, int64_t t, const float* magnitude);
    /// A job to fill in, with that `count`, or NULL if too many are under way or held.
    /// There is room for as many as ub_room says.  Jobs are given back in the
    /// order in which they began.  Real-time safe.
    ub_job* (*begin)(ub_masker* self, uint32_t count);
    /// Queue the job from begin().  Real-time safe.
    void (*submit)(ub_masker* self, ub_job* job);
    /// The next answered job in order of submission, or NULL.  Real-time safe.
    ub_job* (*next)(ub_masker* self);
    /// Give an answered job back.  Real-time safe.
    void (*release)(ub_masker* self, ub_job* job);
    /// Block until next() has something; false if nothing is under way.
    /// Only for a host that says it is not running in real time.  What is under way then
    /// no longer expires.
    bool (*wait)(ub_masker* self);
    uint32_t max_count; ///< Longest `count` of a job
    uint32_t slots;     ///< Mask sets per job
};

#endif // UB_DSP_MASKER_H
