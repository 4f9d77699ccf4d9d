// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/gridmap.h"

#include "dsp/bands.h"
#include "dsp/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Above the model's Nyquist frequency the mean of its top bins' masks holds
#define TOP_BINS 16

// FFTW has its own code for factors up to this one; with larger ones it is slow, and
// with some it allocates memory as it runs
#define FFT_PRIME 13

// How far the window may be from the model's, in parts of it
#define FARTHEST 0.02

struct ub_gridmap_s {
    ub_grid grid;
    uint32_t host_bins; // size / 2 + 1
    float scale;        // model's window sum / host's
    ub_place* down;     // [dft_bins] place among the host's bins of each model bin
    uint32_t inside;    // model bins that exist at the host's rate
    ub_place* band;     // [dft_bins] place among the bands of each model bin
    float* share;       // [bins] of a bin in the mean that a band is
    ub_place* up;       // [host_bins] place among the bands of each host bin
    uint32_t below;     // host bins below the model's first
    uint32_t network;   // host bins up to the model's last
    uint32_t nyquist;   // host bins up to the model's Nyquist frequency
    float* power;       // [host_bins + 1]
};

double
ub_gridmap_hop(const ub_grid* grid, double rate)
{
    return grid->hop * rate / grid->rate;
}

static uint32_t
largest_prime_factor(uint32_t n)
{
    uint32_t largest = 1;
    for (uint32_t p = 2; n > 1; ++p) {
        while (n % p == 0) {
            n /= p;
            largest = p;
        }
    }
    return largest;
}

uint32_t
ub_gridmap_size(const ub_grid* grid, double rate)
{
    const double exact = grid->window * rate / grid->rate;
    const uint32_t nearest = 2 * (uint32_t)lround(exact / 2);
    // Outwards from the nearest even size
    for (uint32_t off = 0; off <= FARTHEST * exact; off += 2) {
        const bool below_is_nearer = exact < nearest;
        for (uint32_t side = 0; side < 2; ++side) {
            const uint32_t n = (side == 0) == below_is_nearer ? nearest - off : nearest + off;
            if (largest_prime_factor(n) <= FFT_PRIME) {
                return n;
            }
        }
    }
    return nearest;
}

static void
map_down(ub_gridmap* map, double ratio)
{
    for (uint32_t b = 0; b < map->grid.dft_bins; ++b) {
        const double p = (map->grid.first_bin + b) * ratio;
        if (p > map->host_bins - 1 + UB_SAME_BIN) {
            break;
        }
        const uint32_t i = (uint32_t)(p + UB_SAME_BIN);
        map->down[b] = (ub_place){i, (float)fmax(p - i, 0.0)};
        ++map->inside;
    }
}

// A band is the mean of the bins around its centre, weighted as they take part in its mask
static void
map_bands(ub_gridmap* map, const double* centre)
{
    const ub_grid* g = &map->grid;
    uint32_t near = 0;
    for (uint32_t b = 0; b < g->dft_bins; ++b) {
        const ub_place place = ub_band_place(centre, g->bins, near, b);
        near = place.band;
        map->band[b] = place;
        map->share[near] += 1.0f - place.part;
        if (place.part > 0.0f) {
            map->share[near + 1] += place.part;
        }
    }
    for (uint32_t i = 0; i < g->bins; ++i) {
        map->share[i] = 1.0f / map->share[i];
    }
}

static void
map_up(ub_gridmap* map, const double* centre, double ratio)
{
    const ub_grid* g = &map->grid;
    uint32_t near = 0;
    for (uint32_t k = 0; k < map->host_bins; ++k) {
        const double p = k / ratio - g->first_bin;
        if (p < -UB_SAME_BIN) {
            ++map->below;
        }
        if (p <= g->dft_bins - 1 + UB_SAME_BIN) {
            ++map->network;
            map->up[k] = ub_band_place(centre, g->bins, near, p);
            near = map->up[k].band;
        }
        if (k / ratio <= g->window / 2 + UB_SAME_BIN) {
            ++map->nyquist;
        }
    }
}

static bool
allocate(ub_gridmap* map)
{
    const ub_grid* g = &map->grid;
    map->down = calloc(g->dft_bins, sizeof(ub_place));
    map->band = calloc(g->dft_bins, sizeof(ub_place));
    map->share = calloc(g->bins, sizeof(float));
    map->up = calloc(map->host_bins, sizeof(ub_place));
    map->power = ub_touched_alloc(map->host_bins + 1, sizeof(float));
    return map->down && map->band && map->share && map->up && map->power;
}

ub_gridmap*
ub_gridmap_new(const ub_grid* grid, double rate)
{
    ub_gridmap* map = calloc(1, sizeof(ub_gridmap));
    double* centre = calloc(grid->bins, sizeof(double));
    const uint32_t size = ub_gridmap_size(grid, rate);
    if (map) {
        map->grid = *grid;
        map->host_bins = size / 2 + 1;
        map->scale = (float)((double)grid->window / size);
    }
    if (!map || !centre || !allocate(map)) {
        free(centre);
        ub_gridmap_free(map);
        return NULL;
    }
    // Host bins per model bin
    const double ratio = (grid->rate / grid->window) / (rate / size);
    ub_band_centres(grid, centre);
    map_down(map, ratio);
    map_bands(map, centre);
    map_up(map, centre, ratio);
    free(centre);
    return map;
}

void
ub_gridmap_free(ub_gridmap* map)
{
    if (map) {
        free(map->down);
        free(map->band);
        free(map->share);
        free(map->up);
        free(map->power);
        free(map);
    }
}

double
ub_gridmap_magnitudes(ub_gridmap* map, const float complex* spectrum, float* magnitude)
{
    const float* parts = (const float*)spectrum;
    float* m = map->power;
    for (uint32_t k = 0; k < map->host_bins; ++k) {
        const float re = parts[2 * k];
        const float im = parts[2 * k + 1];
        m[k] = map->scale * sqrtf(re * re + im * im);
    }
    double squares = 0.0;
    memset(magnitude, 0, map->grid.bins * sizeof(float));
    for (uint32_t b = 0; b < map->inside; ++b) { // above the host's Nyquist frequency is nothing
        const ub_place host = map->down[b];
        const ub_place band = map->band[b];
        const float x = m[host.band] + host.part * (m[host.band + 1] - m[host.band]);
        squares += (double)x * (double)x;
        magnitude[band.band] += (1.0f - band.part) * x;
        if (band.part > 0.0f) {
            magnitude[band.band + 1] += band.part * x;
        }
    }
    for (uint32_t i = 0; i < map->grid.bins; ++i) {
        magnitude[i] *= map->share[i];
    }
    // By Parseval: each bin is there twice, and a Hann window's squares sum to 3/8 of its size
    return squares * 16.0 / (3.0 * map->grid.window * map->grid.window);
}

static inline float
clamp_mask(float m)
{
    return m > 0.0f ? (m < 1.0f ? m : 1.0f) : 0.0f; // NaN becomes 0
}

static inline float
mask_at(const float* mask, ub_place place)
{
    const float m0 = clamp_mask(mask[place.band]);
    const float m1 = clamp_mask(mask[place.band + (place.part > 0.0f)]);
    return m0 + place.part * (m1 - m0);
}

// The mean over the n model bins from `first` on
static float
mean_mask(const ub_gridmap* map, const float* mask, uint32_t first, uint32_t n)
{
    float sum = 0.0f;
    for (uint32_t b = first; b < first + n; ++b) {
        sum += mask_at(mask, map->band[b]);
    }
    return sum / (float)n;
}

// The mask of bins above all that the model sees, if that of those nearest to them counts
static float
top_mask(const ub_gridmap* map, const float* mask, uint32_t n)
{
    const uint32_t bins = map->grid.dft_bins;
    n = bins < n ? bins : n;
    return mean_mask(map, mask, bins - n, n);
}

static void
fill(float* mask, uint32_t from, uint32_t to, float value)
{
    for (uint32_t k = from; k < to; ++k) {
        mask[k] = value;
    }
}

void
ub_gridmap_mask(const ub_gridmap* map, const float* mask, float* host_mask)
{
    const ub_grid* g = &map->grid;
    const bool given = !isnan(g->dropped_mask);
    const float low = given ? g->dropped_mask : mean_mask(map, mask, 0, g->nearest);
    const float high = given ? g->dropped_mask : top_mask(map, mask, g->nearest);
    // More than the Nyquist frequency's own bin: what is above it goes on as those below do
    const bool narrow = g->first_bin + g->dft_bins < g->window / 2;
    fill(host_mask, 0, map->below, low);
    for (uint32_t k = map->below; k < map->network; ++k) {
        host_mask[k] = mask_at(mask, map->up[k]);
    }
    fill(host_mask, map->network, map->nyquist, high);
    fill(host_mask, map->nyquist, map->host_bins, narrow ? high : top_mask(map, mask, TOP_BINS));
}
