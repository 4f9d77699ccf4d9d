// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/bands.h"

#include <math.h>

// Enough to find a factor between 1 and 2 to the last bit
#define HALVINGS 60

// The sum of n distances that each are `factor` times the one before, the first of a bin
static double
reach(double factor, uint32_t n)
{
    double distance = 1.0;
    double sum = 0.0;
    for (uint32_t i = 0; i < n; ++i) {
        distance *= factor;
        sum += distance;
    }
    return sum;
}

static double
growth(uint32_t distances, double target)
{
    double low = 1.0;
    double high = 2.0;
    for (uint32_t i = 0; i < HALVINGS; ++i) {
        const double middle = (low + high) / 2;
        if (reach(middle, distances) < target) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

void
ub_band_centres(const ub_grid* grid, double* centre)
{
    const double factor = growth(grid->bins - grid->kept, grid->dft_bins - grid->kept);
    double distance = 1.0;
    for (uint32_t i = 0; i < grid->bins; ++i) {
        distance *= i < grid->kept ? 1.0 : factor;
        centre[i] = i < grid->kept ? i : centre[i - 1] + distance;
    }
}

ub_place
ub_band_place(const double* centre, uint32_t n, uint32_t from, double p)
{
    uint32_t i = from;
    while (i + 1 < n && centre[i + 1] <= p + UB_SAME_BIN) {
        ++i;
    }
    const double above = i + 1 < n ? (p - centre[i]) / (centre[i + 1] - centre[i]) : 0.0;
    return (ub_place){i, (float)fmax(above, 0.0)};
}
