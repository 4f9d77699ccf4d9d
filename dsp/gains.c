// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/gains.h"

#include "dsp/channels.h"
#include "dsp/consistency.h"
#include "dsp/memory.h"

#include <stdlib.h>
#include <string.h>

struct ub_gains_s {
    uint32_t channels; // of the audio
    uint32_t model;    // channels of the model
    uint32_t bins;     // of the model
    uint32_t outputs;
    uint32_t host_bins;
    ub_gridmap* map;
    float* magnitude; // [UB_MAX_CHANNELS][bins], as the audio and the model may have
    float* mask;      // [bins]
    float* gain;      // [outputs][host_bins]
};

ub_gains*
ub_gains_new(const ub_grid* grid, double rate, uint32_t channels, uint32_t outputs)
{
    ub_gains* gains = calloc(1, sizeof(ub_gains));
    if (!gains) {
        return NULL;
    }
    gains->channels = channels;
    gains->model = grid->channels;
    gains->bins = grid->bins;
    gains->outputs = outputs;
    gains->host_bins = ub_gridmap_size(grid, rate) / 2 + 1;
    gains->map = ub_gridmap_new(grid, rate);
    gains->magnitude = ub_touched_alloc((size_t)UB_MAX_CHANNELS * grid->bins, sizeof(float));
    gains->mask = ub_touched_alloc(grid->bins, sizeof(float));
    gains->gain = ub_touched_alloc((size_t)outputs * gains->host_bins, sizeof(float));
    if (!gains->map || !gains->magnitude || !gains->mask || !gains->gain) {
        ub_gains_free(gains);
        return NULL;
    }
    return gains;
}

void
ub_gains_free(ub_gains* gains)
{
    if (gains) {
        ub_gridmap_free(gains->map);
        free(gains->magnitude);
        free(gains->mask);
        free(gains->gain);
        free(gains);
    }
}

void
ub_gains_see(ub_gains* gains, uint32_t channel, const float complex* spectrum)
{
    float* magnitude = gains->magnitude + (size_t)channel * gains->bins;
    if (spectrum) {
        ub_gridmap_magnitudes(gains->map, spectrum, magnitude);
    } else {
        memset(magnitude, 0, gains->bins * sizeof(float));
    }
}

const float*
ub_gains_magnitudes(ub_gains* gains)
{
    ub_channels_fit(gains->magnitude, gains->channels, gains->model, gains->bins);
    return gains->magnitude;
}

static float*
gain_of(const ub_gains* gains, uint32_t output)
{
    return gains->gain + (size_t)output * gains->host_bins;
}

// The mask of a channel of an output as dry + wet * mask at the host's bins
static void
map_mask(ub_gains* gains, const ub_maskqueue* masks, uint32_t output, uint32_t channel, float dry,
         float wet)
{
    const float* mask = ub_channels_mask(ub_maskqueue_mask(masks, output), gains->channels,
                                         gains->model, channel, gains->bins, gains->mask);
    ub_gridmap_gains(gains->map, mask, dry, wet, gain_of(gains, output));
}

static void
find_consistent(ub_gains* gains, const ub_settings* settings, const ub_maskqueue* masks, int64_t r,
                uint32_t channel, float amount)
{
    float* masked[UB_MAX_OUTPUTS];
    for (uint32_t o = 0; o < gains->outputs; ++o) {
        map_mask(gains, masks, o, channel, 0.0f, 1.0f);
        masked[o] = ub_settings_get(settings, r, o)->wet != 0.0f ? gain_of(gains, o) : NULL;
    }
    ub_make_consistent(masked, gains->outputs, gains->host_bins, amount);
    for (uint32_t o = 0; o < gains->outputs; ++o) {
        const ub_setting* s = ub_settings_get(settings, r, o);
        float* gain = gain_of(gains, o);
        for (uint32_t i = 0; i < gains->host_bins; ++i) {
            gain[i] = s->dry + s->wet * gain[i];
        }
    }
}

void
ub_gains_find(ub_gains* gains, const ub_settings* settings, const ub_maskqueue* masks, int64_t r,
              uint32_t channel)
{
    const float amount = ub_settings_get(settings, r, 0)->consistency;
    if (amount != 0.0f) {
        find_consistent(gains, settings, masks, r, channel, amount);
        return;
    }
    for (uint32_t o = 0; o < gains->outputs; ++o) {
        const ub_setting* s = ub_settings_get(settings, r, o);
        map_mask(gains, masks, o, channel, s->dry, s->wet);
    }
}

const float*
ub_gains_get(const ub_gains* gains, uint32_t output)
{
    return gain_of(gains, output);
}
