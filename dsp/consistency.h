// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_CONSISTENCY_H
#define UB_DSP_CONSISTENCY_H

/**
   @file
   Mixture consistency: masks of several sources corrected so that they sum to 1, and
   the sources to the mix.
*/

#include <stdint.h>

/**
   Move n bins of some sources' masks towards a sum of 1.  What is missing, or too
   much, is shared out by the masks' squares (Wisdom et al., "Differentiable
   Consistency Constraints for Improved Deep Speech Enhancement", 2019, with
   magnitude-squared weights): what hardly has a part in the mix hardly changes.
   Masks from 0 to 1 stay at or above 0.  Real-time safe.

   @param mask [sources], each [n]; NULL for a source that has no part in this.
   @param amount From 0, nothing, to 1, the whole correction.
*/
void ub_make_consistent(float* const* mask, uint32_t sources, uint32_t n, float amount);

#endif // UB_DSP_CONSISTENCY_H
