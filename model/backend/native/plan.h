// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_PLAN_H
#define UB_MODEL_BACKEND_NATIVE_PLAN_H

/**
   @file
   The convolutions that compute certain frames of a network's mask: oneDNN's, of the
   layers that are not computed by minimal filtering.
*/

#include "model/network/frames_plan.h"
#include "model/backend/native/conv.h"
#include "model/backend/native/store.h"
#include "model/network/reuse.h"
#include "model/backend/native/conv_store.h"

typedef struct {
    ub_frames_plan frames;
    int threads; ///< OpenMP threads that the convolutions are made for
    bool half;
    ub_conv_store own; ///< Not owned
    ub_dnn_conv encoder[UB_MAX_LAYERS];
    uint32_t step; ///< From window to window where the stream's last ones are known, or 0
    ub_rows rows[UB_MAX_LAYERS];         ///< Where encoder outputs come from then
    ub_dnn_conv edge[UB_MAX_LAYERS][2];  ///< What computes rows[].computed
    ub_dnn_conv* decoder[UB_MAX_LAYERS]; ///< One for each part
    size_t scratch;                      ///< Bytes of scratch memory that any layer needs
    uint64_t used;                       ///< When it was last used, for its owner
} ub_dnn_plan;

/**
   Fill in a zeroed plan.

   @param own Layers that oneDNN is not to compute; NULL for none.
   @param items As many as run together at most.
   @param half Compute in bfloat16.
   @param reuse What of the stream's last windows is kept, or NULL for nothing.
   @return False if oneDNN cannot; the plan must be cleared all the same.
*/
bool ub_dnn_plan_make(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store,
                      const ub_conv_store* own, uint32_t items, bool half, uint32_t first,
                      uint32_t count, const ub_reuse* reuse);

void ub_dnn_plan_clear(ub_dnn_plan* plan);

/**
   Whether items gain by going through a layer together: its weights do not fit in a
   core's own caches, and then come from memory once.  Through the others each item
   goes alone, right after the layer before, while its images are in a cache.
*/
bool ub_layer_is_heavy(const ub_layer* layer);

#endif // UB_MODEL_BACKEND_NATIVE_PLAN_H
