// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_GAINS_H
#define UB_DSP_GAINS_H

/**
   @file
   From a spectrum to what the model sees, and from slots' masks and settings to the gains
   that the host's bins get.  Real-time safe, except new and free.
*/

#include "dsp/gridmap.h"
#include "dsp/maskqueue.h"
#include "dsp/settings.h"

typedef struct ub_gains_s ub_gains;

/// For audio of so many channels, whatever the model's have.  NULL: no memory.
ub_gains* ub_gains_new(const ub_grid* grid, double rate, uint32_t channels, uint32_t slots);
void ub_gains_free(ub_gains* gains);

/// Take in a channel's spectrum of the frame to be shown to the model; NULL: it is all 0.
void ub_gains_see(ub_gains* gains, uint32_t channel, const float complex* spectrum);

/// The power of what the model sees of that frame, its mean square over the audio's channels
double ub_gains_power(const ub_gains* gains);

/// That frame's magnitudes times a gain, [the model's channels][bins]: once, when all
/// channels are there
const float* ub_gains_magnitudes(ub_gains* gains, float gain);

/// Find the masks of frame r that are heard in one channel, at the host's bins.
void ub_gains_find(ub_gains* gains, const ub_settings* settings, const ub_maskqueue* masks,
                   int64_t r, uint32_t channel);

/// The mask of a slot as found last, [host's bins], NULL where it is not heard
const float* ub_gains_slot(const ub_gains* gains, uint32_t slot);

/// Mix those to an output's gains, [host's bins].  Valid until the next call.
const float* ub_gains_mix(ub_gains* gains, const ub_row* row);

#endif // UB_DSP_GAINS_H
