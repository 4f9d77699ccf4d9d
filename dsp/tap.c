// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/tap.h"

#include "dsp/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NO_BAND 255U

struct ub_tap_s {
    uint32_t size;
    uint32_t bins;
    uint32_t channels;
    uint8_t* band;              // [bins] of each bin, or NO_BAND
    uint8_t from[UB_TAP_BANDS]; // the band that a band shows: low ones may have no bin
    bool open;
    uint32_t frames;
    double scale; // from a power spectrum to the square of a sine's amplitude
    const float complex* spectrum;
    double mix[UB_TAP_BANDS];
    double part[UB_MAX_SLOTS][UB_TAP_BANDS];
};

static uint8_t
band_of(double hertz)
{
    const double octaves = log2((double)UB_TAP_HIGH / (double)UB_TAP_LOW);
    const double place = log2(hertz / (double)UB_TAP_LOW) / octaves;
    return place >= 0.0 && place < 1.0 ? (uint8_t)(place * UB_TAP_BANDS) : NO_BAND;
}

// A band without a bin of its own shows what the next one below it has, or the lowest that has any
static void
share_bins(ub_tap* tap)
{
    bool has[UB_TAP_BANDS] = {false};
    for (uint32_t b = 0; b < tap->bins; ++b) {
        if (tap->band[b] != NO_BAND) {
            has[tap->band[b]] = true;
        }
    }
    uint8_t from = 0;
    while (from < UB_TAP_BANDS - 1 && !has[from]) {
        ++from;
    }
    for (uint8_t b = 0; b < UB_TAP_BANDS; ++b) {
        from = has[b] ? b : from;
        tap->from[b] = from;
    }
}

ub_tap*
ub_tap_new(uint32_t size, double rate, uint32_t channels)
{
    ub_tap* tap = ub_touched_alloc(1, sizeof(ub_tap));
    if (!tap) {
        return NULL;
    }
    tap->size = size;
    tap->bins = size / 2 + 1;
    tap->channels = channels;
    tap->band = ub_touched_alloc(tap->bins, 1);
    if (!tap->band) {
        ub_tap_free(tap);
        return NULL;
    }
    for (uint32_t b = 0; b < tap->bins; ++b) {
        tap->band[b] = b ? band_of(b * rate / size) : NO_BAND;
    }
    share_bins(tap);
    return tap;
}

void
ub_tap_free(ub_tap* tap)
{
    if (tap) {
        free(tap->band);
        free(tap);
    }
}

static void
clear(ub_tap* tap)
{
    tap->frames = 0;
    memset(tap->mix, 0, sizeof(tap->mix));
    memset(tap->part, 0, sizeof(tap->part));
}

void
ub_tap_set_open(ub_tap* tap, bool open)
{
    if (open != tap->open) {
        clear(tap);
        tap->open = open;
    }
}

bool
ub_tap_is_open(const ub_tap* tap)
{
    return tap->open;
}

void
ub_tap_begin(ub_tap* tap, double energy)
{
    ++tap->frames;
    // By Parseval a sine of amplitude a has a^2 / 4 * size * energy in the bins up to half
    tap->scale = 4.0 / (energy * tap->size * tap->channels);
}

static float
power(float complex x)
{
    return crealf(x) * crealf(x) + cimagf(x) * cimagf(x);
}

void
ub_tap_see(ub_tap* tap, const float complex* spectrum)
{
    tap->spectrum = spectrum;
    for (uint32_t b = 0; b < tap->bins; ++b) {
        if (tap->band[b] != NO_BAND) {
            tap->mix[tap->band[b]] += tap->scale * (double)power(spectrum[b]);
        }
    }
}

void
ub_tap_hear(ub_tap* tap, uint32_t part, const float* gain, float factor)
{
    double* sum = part < UB_MAX_SLOTS ? tap->part[part] : NULL;
    for (uint32_t b = 0; sum && b < tap->bins; ++b) {
        if (tap->band[b] != NO_BAND) {
            const float g = factor * gain[b];
            sum[tap->band[b]] += tap->scale * (double)(g * g * power(tap->spectrum[b]));
        }
    }
}

static float
decibels(double square)
{
    const double db = 10.0 * log10(square + 1e-30);
    return db > (double)UB_TAP_SILENCE ? (float)db : UB_TAP_SILENCE;
}

static void
read_band(const ub_tap* tap, uint32_t b, ub_tap_levels* levels)
{
    const uint32_t from = tap->from[b];
    double heard = 0.0, most = 0.0;
    levels->owner[b] = -1.0f;
    for (uint32_t p = 0; p < UB_MAX_SLOTS; ++p) {
        heard += tap->part[p][from];
        if (tap->part[p][from] > most) {
            most = tap->part[p][from];
            levels->owner[b] = (float)p;
        }
    }
    levels->mix[b] = decibels(tap->mix[from] / tap->frames);
    levels->heard[b] = decibels(heard / tap->frames);
}

uint32_t
ub_tap_read(ub_tap* tap, ub_tap_levels* levels)
{
    const uint32_t frames = tap->frames;
    if (!frames) {
        return 0;
    }
    for (uint32_t b = 0; b < UB_TAP_BANDS; ++b) {
        read_band(tap, b, levels);
    }
    for (uint32_t p = 0; p < UB_MAX_SLOTS; ++p) {
        double sum = 0.0;
        for (uint32_t b = 0; b < UB_TAP_BANDS; ++b) {
            sum += tap->part[p][b];
        }
        levels->part[p] = decibels(sum / frames);
    }
    clear(tap);
    return frames;
}
