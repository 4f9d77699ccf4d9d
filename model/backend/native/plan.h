// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_PLAN_H
#define UB_MODEL_BACKEND_NATIVE_PLAN_H

/**
   @file
   What has to be computed for certain frames of a mask: of each image the frames that these
   depend on; and in the encoder, where a stream's last windows are known, only the rows that
   none of them has left.
*/

#include "model/backend/native/store.h"
#include "model/network/reuse.h"

typedef struct {
    const ub_steps* steps;
    const ub_native_net* net;
    ub_span mask;                ///< Frames of the mask
    ub_span out[UB_MAX_STEPS];   ///< Frames that each step computes, where nothing is known
    uint32_t step;               ///< From window to window where the last ones are known, or 0
    ub_rows rows[UB_MAX_LAYERS]; ///< Where encoder outputs come from then
} ub_native_plan;

/// @param reuse What of the stream's last windows is kept, or NULL for nothing.
void ub_native_plan_make(ub_native_plan* plan, const ub_steps* steps, const ub_native_net* net,
                         ub_span mask, const ub_reuse* reuse);

/**
   Whether items gain by going through a layer together: its weights do not fit in a
   core's own caches, and then come from memory once.  Through the others each item
   goes alone, right after the layer before, while its images are in a cache.
*/
bool ub_layer_is_heavy(const ub_layer* layer);

/// Whether the encoder's outputs are the same under all conditions
bool ub_encoder_is_plain(const ub_steps* steps);

#endif // UB_MODEL_BACKEND_NATIVE_PLAN_H
