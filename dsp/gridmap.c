// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/gridmap.h"

#include <math.h>
#include <stdlib.h>

// Above the model's Nyquist frequency the mean of its top bins' masks holds
#define TOP_BINS 16

// FFTW has its own code for factors up to this one; with larger ones it is slow, and
// with some it allocates memory as it runs
#define FFT_PRIME 13

// How far the window may be from the model's, in parts of it
#define FARTHEST 0.02

struct ub_gridmap_s {
    ub_grid grid;
    uint32_t host_bins;  // size / 2 + 1
    float scale;         // model's window sum / host's
    uint32_t* down_bin;  // [bins] host bin below each model bin
    float* down_part;    // [bins] part of the next host bin
    uint32_t inside;     // model bins that exist at the host's rate
    uint32_t* up_bin;    // [host_bins] model bin below each host bin
    float* up_part;      // [host_bins] part of the next model bin
    uint32_t below;      // host bins below the model's first
    uint32_t network;    // host bins up to the model's last
    uint32_t nyquist;    // host bins up to the model's Nyquist frequency
    float* power;        // [host_bins + 1]
};

double ub_gridmap_hop(const ub_grid* grid, double rate)
{
    return grid->hop * rate / grid->rate;
}

static uint32_t largest_prime_factor(uint32_t n)
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

uint32_t ub_gridmap_size(const ub_grid* grid, double rate)
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

// Positions on the two grids, in bins, that lie closer than this are the same
static const double same = 1e-6;

static void map_down(ub_gridmap* map, double ratio)
{
    for (uint32_t b = 0; b < map->grid.bins; ++b) {
        const double p = (map->grid.first_bin + b) * ratio;
        const uint32_t i = (uint32_t)(p + same);
        if (p > map->host_bins - 1 + same) {
            break;
        }
        map->down_bin[b] = i;
        map->down_part[b] = (float)fmax(p - i, 0.0);
        ++map->inside;
    }
}

static void map_up(ub_gridmap* map, double ratio)
{
    const ub_grid* g = &map->grid;
    for (uint32_t k = 0; k < map->host_bins; ++k) {
        const double p = k / ratio - g->first_bin;
        if (p < -same) {
            ++map->below;
        }
        if (p <= g->bins - 1 + same) {
            ++map->network;
            map->up_bin[k] = p > 0 ? (uint32_t)(p + same) : 0;
            map->up_part[k] = (float)fmax(p - map->up_bin[k], 0.0);
            if (map->up_bin[k] + 1 >= g->bins) {
                map->up_bin[k] = g->bins - 1;
                map->up_part[k] = 0.0f;
            }
        }
        if (k / ratio <= g->window / 2 + same) {
            ++map->nyquist;
        }
    }
}

ub_gridmap* ub_gridmap_new(const ub_grid* grid, double rate)
{
    ub_gridmap* map = calloc(1, sizeof(ub_gridmap));
    if (!map) {
        return NULL;
    }
    const uint32_t size = ub_gridmap_size(grid, rate);
    map->grid = *grid;
    map->host_bins = size / 2 + 1;
    map->scale = (float)((double)grid->window / size);
    map->down_bin = calloc(grid->bins, sizeof(uint32_t));
    map->down_part = calloc(grid->bins, sizeof(float));
    map->up_bin = calloc(map->host_bins, sizeof(uint32_t));
    map->up_part = calloc(map->host_bins, sizeof(float));
    map->power = calloc(map->host_bins + 1, sizeof(float));
    if (!map->down_bin || !map->down_part || !map->up_bin || !map->up_part || !map->power) {
        ub_gridmap_free(map);
        return NULL;
    }
    // Host bins per model bin
    const double ratio = (grid->rate / grid->window) / (rate / size);
    map_down(map, ratio);
    map_up(map, ratio);
    return map;
}

void ub_gridmap_free(ub_gridmap* map)
{
    if (map) {
        free(map->down_bin);
        free(map->down_part);
        free(map->up_bin);
        free(map->up_part);
        free(map->power);
        free(map);
    }
}

void ub_gridmap_magnitudes(ub_gridmap* map, const float complex* spectrum, float* magnitude)
{
    const float* parts = (const float*)spectrum;
    float* m = map->power;
    for (uint32_t k = 0; k < map->host_bins; ++k) {
        const float re = parts[2 * k];
        const float im = parts[2 * k + 1];
        m[k] = map->scale * sqrtf(re * re + im * im);
    }
    for (uint32_t b = 0; b < map->inside; ++b) {
        const uint32_t i = map->down_bin[b];
        magnitude[b] = m[i] + map->down_part[b] * (m[i + 1] - m[i]);
    }
    for (uint32_t b = map->inside; b < map->grid.bins; ++b) {
        magnitude[b] = 0.0f; // above the host's Nyquist frequency
    }
}

static inline float clamp_mask(float m)
{
    return m > 0.0f ? (m < 1.0f ? m : 1.0f) : 0.0f; // NaN becomes 0
}

static float top_mask(const float* mask, uint32_t bins)
{
    const uint32_t n = bins < TOP_BINS ? bins : TOP_BINS;
    float sum = 0.0f;
    for (uint32_t b = bins - n; b < bins; ++b) {
        sum += clamp_mask(mask[b]);
    }
    return sum / (float)n;
}

static void fill(float* gain, uint32_t from, uint32_t to, float value)
{
    for (uint32_t k = from; k < to; ++k) {
        gain[k] = value;
    }
}

void ub_gridmap_gains(const ub_gridmap* map, const float* mask, float dry, float wet, float* gain)
{
    const ub_grid* g = &map->grid;
    const bool nearest = isnan(g->dropped_mask);
    const float low = nearest ? clamp_mask(mask[0]) : g->dropped_mask;
    const float high = nearest ? clamp_mask(mask[g->bins - 1]) : g->dropped_mask;
    fill(gain, 0, map->below, dry + wet * low);
    for (uint32_t k = map->below; k < map->network; ++k) {
        const uint32_t b = map->up_bin[k];
        const float part = map->up_part[k];
        const float m0 = clamp_mask(mask[b]);
        const float m1 = clamp_mask(mask[b + (part > 0.0f)]);
        gain[k] = dry + wet * (m0 + part * (m1 - m0));
    }
    fill(gain, map->network, map->nyquist, dry + wet * high);
    fill(gain, map->nyquist, map->host_bins, dry + wet * top_mask(mask, g->bins));
}
