// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/gains.h"

#include "dsp/channels.h"
#include "dsp/consistency.h"
#include "dsp/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ub_gains_s {
    uint32_t channels; // of the audio
    uint32_t model;    // channels of the model
    uint32_t bins;     // of the model
    uint32_t slots;
    uint32_t host_bins;
    ub_gridmap* map;
    double power[UB_MAX_CHANNELS]; // of the audio that the magnitudes are of
    float* magnitude;              // [UB_MAX_CHANNELS][bins], as the audio and the model may have
    float* mask;                   // [bins]
    float* slot;                   // [slots][host_bins] masks of what was found last
    float* gain;                   // [host_bins]
    bool heard[UB_MAX_SLOTS];      // whether there is a mask
};

ub_gains*
ub_gains_new(const ub_grid* grid, double rate, uint32_t channels, uint32_t slots)
{
    ub_gains* gains = calloc(1, sizeof(ub_gains));
    if (!gains) {
        return NULL;
    }
    gains->channels = channels;
    gains->model = grid->channels;
    gains->bins = grid->bins;
    gains->slots = slots;
    gains->host_bins = ub_gridmap_size(grid, rate) / 2 + 1;
    gains->map = ub_gridmap_new(grid, rate);
    gains->magnitude = ub_touched_alloc((size_t)UB_MAX_CHANNELS * grid->bins, sizeof(float));
    gains->mask = ub_touched_alloc(grid->bins, sizeof(float));
    gains->slot = ub_touched_alloc((size_t)slots * gains->host_bins, sizeof(float));
    gains->gain = ub_touched_alloc(gains->host_bins, sizeof(float));
    if (!gains->map || !gains->magnitude || !gains->mask || !gains->slot || !gains->gain) {
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
        free(gains->slot);
        free(gains->gain);
        free(gains);
    }
}

void
ub_gains_see(ub_gains* gains, uint32_t channel, const float complex* spectrum)
{
    float* magnitude = gains->magnitude + (size_t)channel * gains->bins;
    gains->power[channel] = 0.0;
    if (spectrum) {
        gains->power[channel] = ub_gridmap_magnitudes(gains->map, spectrum, magnitude);
    } else {
        memset(magnitude, 0, gains->bins * sizeof(float));
    }
}

double
ub_gains_power(const ub_gains* gains)
{
    double sum = 0.0;
    for (uint32_t c = 0; c < gains->channels; ++c) {
        sum += gains->power[c];
    }
    return sum / gains->channels;
}

const float*
ub_gains_magnitudes(ub_gains* gains, float gain)
{
    ub_channels_fit(gains->magnitude, gains->channels, gains->model, gains->bins);
    for (uint32_t i = 0; i < gains->model * gains->bins; ++i) {
        gains->magnitude[i] *= gain;
    }
    return gains->magnitude;
}

static float*
slot_of(const ub_gains* gains, uint32_t slot)
{
    return gains->slot + (size_t)slot * gains->host_bins;
}

// A mask that nothing says is between 0 and 1, to the power of the strength
static void
strengthen(ub_gains* gains, const float* mask, float strength)
{
    for (uint32_t b = 0; b < gains->bins; ++b) {
        const float m = mask[b] > 0.0f ? mask[b] : 0.0f; // NaN becomes 0
        gains->mask[b] = powf(m < 1.0f ? m : 1.0f, strength);
    }
}

static void
map_mask(ub_gains* gains, const ub_maskqueue* masks, uint32_t slot, uint32_t channel,
         float strength)
{
    const float* mask = ub_channels_mask(ub_maskqueue_mask(masks, slot), gains->channels,
                                         gains->model, channel, gains->bins, gains->mask);
    if (strength != 1.0f) {
        strengthen(gains, mask, strength);
        mask = gains->mask;
    }
    ub_gridmap_mask(gains->map, mask, slot_of(gains, slot));
}

void
ub_gains_find(ub_gains* gains, const ub_settings* settings, const ub_maskqueue* masks, int64_t r,
              uint32_t channel)
{
    const ub_slot* slots = ub_settings_slots(settings, r);
    const ub_shaping* shape = ub_settings_shaped(settings, r);
    float* masked[UB_MAX_SLOTS];
    for (uint32_t s = 0; s < gains->slots; ++s) {
        masked[s] = slots[s].heard ? slot_of(gains, s) : NULL;
        gains->heard[s] = slots[s].heard;
        if (slots[s].heard) {
            map_mask(gains, masks, s, channel, shape->strength);
        }
    }
    if (shape->consistency != 0.0f) {
        ub_make_consistent(masked, gains->slots, gains->host_bins, shape->consistency);
    }
}

const float*
ub_gains_slot(const ub_gains* gains, uint32_t slot)
{
    return gains->heard[slot] ? slot_of(gains, slot) : NULL;
}

static void
set_all(float* gain, uint32_t n, float value)
{
    for (uint32_t i = 0; i < n; ++i) {
        gain[i] = value;
    }
}

static void
add_scaled(float* gain, const float* mask, uint32_t n, float factor)
{
    for (uint32_t i = 0; i < n; ++i) {
        gain[i] += factor * mask[i];
    }
}

const float*
ub_gains_mix(ub_gains* gains, const ub_row* row)
{
    set_all(gains->gain, gains->host_bins, row->dry);
    for (uint32_t s = 0; s < gains->slots; ++s) {
        if (gains->heard[s] && row->slot[s] != 0.0f) {
            add_scaled(gains->gain, slot_of(gains, s), gains->host_bins, row->slot[s]);
        }
    }
    return gains->gain;
}
