// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_TAP_H
#define UB_DSP_TAP_H

/**
   @file
   What is heard of the mix, by frequency, for those who want to see it: levels in bands of
   equal width on a logarithmic scale of frequency.

   It adds up what frames bring until it is read.  While it is shut it costs nothing.
   Real-time safe, except new and free; one thread.
*/

#include "dsp/masker.h"

#include <complex.h>
#include <stdbool.h>
#include <stdint.h>

#define UB_TAP_BANDS   96
#define UB_TAP_LOW     30.0f    ///< Hz, where the lowest band begins
#define UB_TAP_HIGH    20000.0f ///< and the highest ends
#define UB_TAP_SILENCE (-120.0f)

/** Levels are dB, 0 for a sine of full scale on all channels, UB_TAP_SILENCE at least. */
typedef struct {
    float mix[UB_TAP_BANDS];
    float heard[UB_TAP_BANDS];
    float owner[UB_TAP_BANDS]; ///< Part that most of what is heard is, -1 if nothing is
    float part[UB_MAX_SLOTS];
} ub_tap_levels;

typedef struct ub_tap_s ub_tap;

/// @param size Of the transform.
/// @return NULL: no memory.
ub_tap* ub_tap_new(uint32_t size, double rate, uint32_t channels);
void ub_tap_free(ub_tap* tap);

void ub_tap_set_open(ub_tap* tap, bool open);
bool ub_tap_is_open(const ub_tap* tap);

/// A frame begins; its window's values squared sum to `energy`.
void ub_tap_begin(ub_tap* tap, double energy);

/// A channel of it, [size / 2 + 1].  Must stay until the channel's last part was added.
void ub_tap_see(ub_tap* tap, const float complex* spectrum);

/// A part of what is heard of that channel: gains, [size / 2 + 1], times a factor.
void ub_tap_hear(ub_tap* tap, uint32_t part, const float* gain, float factor);

/// Levels since it was read last.
/// @return How many frames they are of; 0: nothing is written.
uint32_t ub_tap_read(ub_tap* tap, ub_tap_levels* levels);

#endif // UB_DSP_TAP_H
