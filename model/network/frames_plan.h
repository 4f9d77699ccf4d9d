// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_FRAMES_PLAN_H
#define UB_MODEL_NETWORK_FRAMES_PLAN_H

/**
   @file
   What has to be computed for certain frames of a mask: in the decoder, only
   the frames of each layer that these frames depend on.
*/

#include "model/network/phases.h"

/** One decoder layer. */
typedef struct {
    ub_span in;  ///< Frames of its input that are present
    ub_span out; ///< Frames of its output that are computed
    uint32_t n_parts;
    ub_part* parts;
    size_t* raw; ///< Where each part's output begins in the raw buffer, values
    size_t raw_size;
} ub_decoder_plan;

typedef struct {
    uint32_t first; ///< Frames of the mask
    uint32_t count;
    uint32_t decoders;
    ub_decoder_plan decoder[UB_MAX_LAYERS];
} ub_frames_plan;

/// Fill in a zeroed plan.  False: no memory; clear it all the same.
bool ub_frames_plan_make(ub_frames_plan* plan, const ub_network* net, uint32_t first,
                         uint32_t count);

void ub_frames_plan_clear(ub_frames_plan* plan);

#endif // UB_MODEL_NETWORK_FRAMES_PLAN_H
