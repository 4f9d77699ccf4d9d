// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_PASSES_H
#define UB_MODEL_ENGINE_PASSES_H

/**
   @file
   What a job's conditions need of a model's U-Nets: each pass once, however many conditions
   it is for.
*/

#include "dsp/masker.h"
#include "model/network/masks.h"

/// Of one job
#define UB_MAX_PASSES (UB_MAX_CONDITIONS * UB_NET_SOURCES)

typedef struct {
    const ub_network* net;
    bool thorough;
    uint32_t n;
    ub_pass pass[UB_MAX_PASSES];
    uint32_t conditions;
    const float* condition[UB_MAX_CONDITIONS];
    uint32_t n_of[UB_MAX_CONDITIONS];              ///< Passes of each condition...
    uint8_t of[UB_MAX_CONDITIONS][UB_MASK_PASSES]; ///< ...by their numbers
} ub_passes;

/// The most passes that a job of so many conditions needs, thorough or not
uint32_t ub_passes_most(const ub_network* net, uint32_t conditions);

/// Begin an empty list
/// @param thorough Whether masks may take more than they have to (see masks.h)
void ub_passes_begin(ub_passes* passes, const ub_network* net, bool thorough);

/// Add a condition, which must stay where it is
void ub_passes_add(ub_passes* passes, const float* condition);

/**
   Make the masks of all conditions.

   @param output Of each pass, [channels][count][bins].
   @param input The network's window, whose frames from `first` on the outputs are of.
   @param made Room for masks, each [channels][count][bins].
   @param masks Becomes each condition's: made there, or an output that is it already.
*/
void ub_passes_masks(const ub_passes* passes, float* const* output, const float* input,
                     uint32_t first, uint32_t count, float* const* made, const float** masks);

#endif // UB_MODEL_ENGINE_PASSES_H
