// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_PLAN_H
#define UB_MODEL_BACKEND_NATIVE_PLAN_H

/**
   @file
   What has to be computed for certain frames of a mask: in the decoder, only the frames
   of each layer that these depend on; in the encoder, where a stream's last windows are
   known, only the rows that none of them has left.
*/

#include "model/backend/native/store.h"
#include "model/network/reuse.h"

typedef struct {
    const ub_network* net;
    const ub_native_store* store;
    uint32_t first; ///< Frames of the mask
    uint32_t count;
    ub_span in[UB_MAX_LAYERS];   ///< Frames of each decoder layer's input that are read...
    ub_span out[UB_MAX_LAYERS];  ///< ...and of its output that are computed
    uint32_t step;               ///< From window to window where the last ones are known, or 0
    ub_rows rows[UB_MAX_LAYERS]; ///< Where encoder outputs come from then
} ub_native_plan;

/// @param reuse What of the stream's last windows is kept, or NULL for nothing.
void ub_native_plan_make(ub_native_plan* plan, const ub_network* net, const ub_native_store* store,
                         uint32_t first, uint32_t count, const ub_reuse* reuse);

/**
   Whether items gain by going through a layer together: its weights do not fit in a
   core's own caches, and then come from memory once.  Through the others each item
   goes alone, right after the layer before, while its images are in a cache.
*/
bool ub_layer_is_heavy(const ub_layer* layer);

/// Whether the encoder's outputs are the same under all conditions
bool ub_encoder_is_plain(const ub_network* net);

#endif // UB_MODEL_BACKEND_NATIVE_PLAN_H
