// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/channels.h"

#include <stddef.h>
#include <string.h>

static void
take_mean(const float* pair, uint32_t bins, float* mean)
{
    for (uint32_t b = 0; b < bins; ++b) {
        mean[b] = 0.5f * (pair[b] + pair[bins + b]);
    }
}

void
ub_channels_fit(float* magnitude, uint32_t audio, uint32_t model, uint32_t bins)
{
    if (audio > model) {
        take_mean(magnitude, bins, magnitude);
    } else if (audio < model) {
        memcpy(magnitude + bins, magnitude, bins * sizeof(float));
    }
}

const float*
ub_channels_mask(const float* mask, uint32_t audio, uint32_t model, uint32_t channel, uint32_t bins,
                 float* room)
{
    if (audio < model) {
        take_mean(mask, bins, room);
        return room;
    }
    return mask + (audio > model ? 0 : (size_t)channel * bins);
}
