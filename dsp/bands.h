// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_BANDS_H
#define UB_DSP_BANDS_H

/**
   @file
   The bands that a grid's bins are grouped to: points on the frequency axis,
   between which masks are straight lines.  A bin that a network takes as it is
   is a band of its own, so a grid without a band map is one where all bins are.

   Positions are in DFT bins of the model, counted from the grid's first bin.
*/

#include "dsp/masker.h"

/// The centres of a grid's bands, [bins], rising: 0 to kept - 1, then distances that
/// grow by the factor that makes the last centre that of the last bin.
void ub_band_centres(const ub_grid* grid, double* centre);

/** A place on the frequency axis */
typedef struct {
    uint32_t band; ///< The last one whose centre is not above it, or the first
    float part;    ///< Of the way from that centre to the next; 0 at the last and outside
} ub_place;

/// Positions, in bins, that lie closer than this are the same
#define UB_SAME_BIN 1e-6

/// The place of position p among n centres, looked for from band `from` on
ub_place ub_band_place(const double* centre, uint32_t n, uint32_t from, double p);

#endif // UB_DSP_BANDS_H
