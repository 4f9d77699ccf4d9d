// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_SHARES_H
#define UB_MODEL_NETWORK_SHARES_H

/**
   @file
   A part of masks.h: masks of a model whose sources make up the mix, where all of them are
   computed ("shares" in FORMAT.md).

   Each U-Net is asked for all of its sources at once, and for each of them alone.  What the first
   say of the mix is brought to a sum of 1; the others say who gets how much of that.
*/

#include "model/network/masks.h"

/// The passes that every mask needs.  Returns their number.
uint32_t ub_share_passes(const ub_network* net, ub_pass passes[UB_MASK_PASSES]);

/// As ub_masks_make, of the outputs of those passes.
void ub_shares_make(const ub_network* net, uint32_t n, const float* const* condition,
                    const ub_mask_parts* parts, float* const* mask);

/// x to a power, x not below 0.  Where it can be it is rounded alike everywhere.
float ub_power(float x, float exponent);

#endif // UB_MODEL_NETWORK_SHARES_H
