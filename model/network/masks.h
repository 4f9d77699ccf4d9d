// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_MASKS_H
#define UB_MODEL_NETWORK_MASKS_H

/**
   @file
   From the outputs of a model's U-Nets to a mask.

   A condition's mask comes of some passes through U-Nets.  Where a source's mask is that of its
   own U-Net, a condition needs those U-Nets that give one of its sources, one that has a control
   once for each different amount of them: such a network has learnt sources alone and together,
   but no halves. Where a mask is a share of all sources' outputs (a ratio of powers, or softmax),
   it needs every source's. Some models have both (see shares.h): there the masks of a thorough job
   are shares, which cost more and are better. Source of the ratio: R. Hennequin et al., "Spleeter:
   a fast and efficient music source separation tool with pre-trained models", JOSS 2020.
*/

#include "model/network/network.h"

/// Passes that a mask needs at most: one a source, and one for each U-Net of several
#define UB_MASK_PASSES (UB_NET_SOURCES + UB_NET_SOURCES / 2)

/** A pass through a U-Net. */
typedef struct {
    uint32_t unet;
    float condition[UB_NET_SOURCES]; ///< One number per source of the model
    float weight;                    ///< How much of its output is in the condition's mask
} ub_pass;

/// The passes that a condition's mask needs.  Returns their number; without any the mask is 0.
/// @param condition One number per source of the model.
uint32_t ub_mask_passes(const ub_network* net, bool thorough, const float* condition,
                        ub_pass passes[UB_MASK_PASSES]);

/// Whether the mask is more than the output of its only pass
bool ub_mask_is_made(const ub_network* net);

/** What masks are made of. */
typedef struct {
    const float* const* output; ///< Of each of the condition's passes, [channels][count][bins]
    const float* input;         ///< The network's, [channels][frames][bins]
    uint32_t first;             ///< Frames of it that the outputs are of
    uint32_t count;
} ub_mask_parts;

/// Whether every mask takes every source's output: then all conditions need the same passes
bool ub_masks_are_shared(const ub_network* net, bool thorough);

/// Make the masks of n conditions that need the same passes.
/// @param mask Each [channels][count][bins]; they may be among the outputs
void ub_masks_make(const ub_network* net, bool thorough, uint32_t n, const float* const* condition,
                   const ub_mask_parts* parts, float* const* mask);

#endif // UB_MODEL_NETWORK_MASKS_H
