// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_GRIDMAP_H
#define UB_DSP_GRIDMAP_H

/**
   @file
   Between the host's time-frequency grid and the model's.

   The host's window and hop are the model's in seconds, so that bins and frames
   coincide.  The window is the nearest even size that the FFT is fast at, within
   2 %; what is left of the difference is interpolated over frequency.  The
   magnitudes that a model takes in bands are then grouped; its masks go from the
   bands' centres to the host's bins in one straight line.
*/

#include "dsp/masker.h"

#include <complex.h>

typedef struct ub_gridmap_s ub_gridmap;

/// NULL: no memory.
ub_gridmap* ub_gridmap_new(const ub_grid* grid, double rate);
void ub_gridmap_free(ub_gridmap* map);

/// The size of the host's window for a model's grid, samples
uint32_t ub_gridmap_size(const ub_grid* grid, double rate);

/// The host's hop, samples, not always a whole number
double ub_gridmap_hop(const ub_grid* grid, double rate);

/// Magnitudes on the model's grid, [bins], of a host's spectrum, [size / 2 + 1].
/// @return The power of the sound in them: its mean square.
double ub_gridmap_magnitudes(ub_gridmap* map, const float complex* spectrum, float* magnitude);

/// The mask at the host's bins, [size / 2 + 1], of a model's, [bins], which is taken as
/// 0 to 1 whatever it holds.
void ub_gridmap_mask(const ub_gridmap* map, const float* mask, float* host_mask);

#endif // UB_DSP_GRIDMAP_H
