// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_CHANNELS_H
#define UB_DSP_CHANNELS_H

/**
   @file
   Audio of one or two channels with a model for one or two.

   A mono model hears the mean of both channels' magnitudes, which phase cannot cancel, and
   its one mask goes on both: sounds stay where they are in the stereo image.  A stereo
   model hears a mono signal on both channels and gives it the mean of its masks.
*/

#include <stdint.h>

/// Make the audio's magnitudes, [audio][bins], the model's, [model][bins], in place.
void ub_channels_fit(float* magnitude, uint32_t audio, uint32_t model, uint32_t bins);

/// The mask, [bins], of an audio channel, of the model's, [model][bins].  May use `room`
/// for it, [bins].
const float* ub_channels_mask(const float* mask, uint32_t audio, uint32_t model, uint32_t channel,
                              uint32_t bins, float* room);

#endif // UB_DSP_CHANNELS_H
