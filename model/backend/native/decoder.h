// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_DECODER_H
#define UB_MODEL_BACKEND_NATIVE_DECODER_H

/**
   @file
   The decoder's way through oneDNN and the layers that are not oneDNN's.
*/

#include "model/backend/native/images.h"
#include "model/backend/native/plan.h"

/** An item on its way through the decoder. */
typedef struct {
    const ub_item* item;
    ub_images* images; ///< Whose encoder outputs are there
    const void* input; ///< Of the next layer; set by ub_dnn_decode()
} ub_dnn_passage;

/// Compute the masks of as many items as the plan is for, at most
bool ub_dnn_decode(const ub_dnn_plan* plan, dnnl_stream_t stream, void* scratch,
                   ub_dnn_passage* passages, uint32_t n);

#endif // UB_MODEL_BACKEND_NATIVE_DECODER_H
