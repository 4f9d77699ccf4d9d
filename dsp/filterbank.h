// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_FILTERBANK_H
#define UB_DSP_FILTERBANK_H

/**
   @file
   The audio's own way: the newest samples, the spectra of frames of them, and the
   sum of frames that have been given gains.  All functions are real-time safe,
   except new and free.
*/

#include "dsp/schedule.h"

#include <complex.h>

typedef struct ub_filterbank_s ub_filterbank;

/**
   @param timings To choose from, [n].
   @param channels Of the audio.
   @param outputs Sets of as many channels.
   @return NULL: no memory.
*/
ub_filterbank* ub_filterbank_new(const ub_schedule* schedule, const ub_timing* timings, uint32_t n,
                                 uint32_t channels, uint32_t outputs);
void ub_filterbank_free(ub_filterbank* bank);

/// Begin at sample 0 again, after silence, with one of the timings.
void ub_filterbank_reset(ub_filterbank* bank, uint32_t timing);

/// Take n samples in, [channels][n] from an offset on, of which the first has that number.
void ub_filterbank_take(ub_filterbank* bank, int64_t sample, const float* const* in,
                        uint32_t offset, uint32_t n);

/// The spectrum, [size / 2 + 1], of one channel of frame r, whose samples have all been
/// taken in, as the model sees it.  Valid until the next call.
const float complex* ub_filterbank_analyse(ub_filterbank* bank, int64_t r, uint32_t channel);

/// Whether frame r and all there is after it are digital silence, so that what is heard of
/// them is, too, whatever their gains.
bool ub_filterbank_silent(const ub_filterbank* bank, int64_t r);

/// Begin to add frame r to the outputs: once, before its channels, of which those that
/// are silent need not be added.
void ub_filterbank_begin(ub_filterbank* bank, int64_t r);

/// Take up a channel of that frame: transformed again, which is cheaper than to keep its
/// spectrum through a long latency, and as it is heard.
/// @return That spectrum, [size / 2 + 1], valid until the next one.
const float complex* ub_filterbank_open(ub_filterbank* bank, int64_t r, uint32_t channel);

/// The sum of the squares of the window that it is heard through
double ub_filterbank_energy(const ub_filterbank* bank);

/// Add that to a channel of an output, times gains, [size / 2 + 1].
void ub_filterbank_add(ub_filterbank* bank, int64_t r, uint32_t output, uint32_t channel,
                       const float* gain);

/// Give n samples out, [outputs * channels][n] from an offset on, of which the first has
/// that number: silence before sample 0.
void ub_filterbank_give(ub_filterbank* bank, int64_t sample, float* const* out, uint32_t offset,
                        uint32_t n);

#endif // UB_DSP_FILTERBANK_H
