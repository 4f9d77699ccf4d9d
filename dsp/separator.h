// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_SEPARATOR_H
#define UB_DSP_SEPARATOR_H

/**
   @file
   The streaming separator: blocks of audio in, the same audio through a mask
   out, a constant number of samples later.

   The audio passes through one STFT at the host's own rate.  Its magnitudes,
   on the model's grid, go to a masker; the masks that come back are mapped to
   the host's bins and multiplied onto the spectrum, with windows that may be
   shorter than those the model sees (see window.h).  Everything is placed by
   frame number, never by order of arrival, so the output does not depend on
   block sizes, and a late mask costs quality but never a sample.

   Masks are made for slots, and outputs are mixed out of them: an output's mask is its row
   of a matrix, [outputs][slots + dry], times the slots' masks and 1.  So stems are the
   identity, a slot and all else are two rows of one slot, a mixer is one row of many slots,
   and an output costs one synthesis, however much is in it.
*/

#include "dsp/masker.h"
#include "dsp/tap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UB_MAX_OUTPUTS (2 * UB_MAX_SLOTS) ///< Each slot, and all but it

/**
   How far the masks may look ahead and how long they may take, in frames.

   The deadline is time that passes between calls of run(): for it to be met, a
   block must be shorter than `deadline` hops.

   A job is asked for every `step` frames; the last frame it must deliver lies
   `lookahead` frames before the newest one it sees.  It also delivers the
   `fade` frames after that, over which the following job is faded in.
*/
typedef struct {
    uint32_t lookahead; ///< L: frames seen after the last frame asked for
    uint32_t step;      ///< S: new frames per job, at least 1
    uint32_t fade;      ///< F: cross-fade between successive windows, <= L and <= S
    uint32_t deadline;  ///< D: frames that the answer may take, at least 1
    uint32_t heard;     ///< Hops around its centre in which a frame is heard, at least 2, or
                        ///< 0 for all of its window
    bool thorough;      ///< Masks may cost as much as all sources' do, where they gain by it
} ub_timing;

typedef struct {
    double rate;             ///< Host's sample rate, Hz
    ub_grid grid;            ///< The model's grid
    const ub_timing* timing; ///< Timings to choose from, copied; the first is chosen
    uint32_t timings;        ///< How many, at least 1
    uint32_t channels;       ///< Of the audio, 1 or 2; the model may have others, see channels.h
    uint32_t slots;          ///< Sets of masks, 1 to UB_MAX_SLOTS; as many as the masker's
    uint32_t outputs;        ///< Sets of `channels` output channels, 1 to UB_MAX_OUTPUTS
    ub_masker* masker;       ///< Not owned; must outlive the separator.  NULL if there
                             ///< is none: every mask is then 1
} ub_separator_config;

/** What is applied to the audio for one output: dry + the sum of slot[s] * mask of slot s. */
typedef struct {
    float slot[UB_MAX_SLOTS]; ///< Any factors, also below 0 or above 1
    float dry;
} ub_row;

/** How all slots' masks are changed before they are mixed, in this order. */
typedef struct {
    float strength;    ///< Exponent, above 0: 1 leaves masks as they are; more lets less of
                       ///< other sources through and sounds thinner
    float consistency; ///< 0 leaves masks as they are; 1 makes those of the slots that have a
                       ///< condition sum to 1, so that rows of equal factors give the input
                       ///< back, times that factor
} ub_shaping;

typedef struct ub_separator_s ub_separator;

/// Latency in samples at a host's rate: half the window, half of what is heard of it, and
/// (L + S - 1 + D) hops
uint32_t ub_timing_latency(const ub_grid* grid, const ub_timing* timing, double rate);

/**
   Make a separator.  Its slots have no condition, and its outputs are silent.

   Not real-time safe.  On failure returns NULL and writes one line to err.
*/
ub_separator* ub_separator_new(const ub_separator_config* config, char* err, size_t err_size);
void ub_separator_free(ub_separator* self);

/// Forget all audio, as if no sample had been seen; settings stay.  Real-time safe,
/// same thread as run or while it does not run.
void ub_separator_reset(ub_separator* self);

/// Choose one of the timings; a change forgets all audio like a reset.  Real-time safe.
void ub_separator_select(ub_separator* self, uint32_t timing);

/**
   @defgroup settings What is played, from the next input sample on

   All of it acts on the same sample of the output, to within half a hop, and fades over
   one frame.  Masks are asked for where a slot with a condition is heard in an output or,
   with consistency, has a say in what is heard.  Real-time safe, same thread as run.
   @{
*/

/// Choose what a slot's masks are for, [the grid's sources]: one-hot, or any blend of
/// sources.  NULL for nothing: the slot then has no part in consistency.
void ub_separator_ask(ub_separator* self, uint32_t slot, const float* condition);

/// Choose what an output plays.
void ub_separator_mix(ub_separator* self, uint32_t output, const ub_row* row);

/// Change all slots' masks; strength 1 and consistency 0 before it is called.
void ub_separator_shape(ub_separator* self, const ub_shaping* shape);

/// @}

/// In freewheel, run() waits for masks instead of going on without.  Same thread as run.
void ub_separator_set_freewheel(ub_separator* self, bool freewheel);

/**
   Process n samples.

   @param in Buffers for each channel, [channels][n].
   @param out Buffers for each output's channels, [outputs * channels][n].  Any
   of them may be the same as any of in, or as each other.

   Input that is not finite is taken as 0.  Real-time safe unless in freewheel.
*/
void ub_separator_run(ub_separator* self, const float* const* in, float* const* out, uint32_t n);

/// Samples by which the output lags the input.  Constant for each timing.
uint32_t ub_separator_latency(const ub_separator* self);

/// Where to see what is heard, shut at first; owned by the separator.  Its parts are the
/// outputs, or, of a single output that is mixed of several slots, those.  Same thread as run.
ub_tap* ub_separator_tap(ub_separator* self);

/// Frames played since the last reset without the mask made for them, where one is heard
uint64_t ub_separator_late_frames(const ub_separator* self);

#endif // UB_DSP_SEPARATOR_H
