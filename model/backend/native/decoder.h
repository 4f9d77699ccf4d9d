// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_DECODER_H
#define UB_MODEL_BACKEND_NATIVE_DECODER_H

/**
   @file
   The decoder's way, from the encoder's outputs to the masks.
*/

#include "model/backend/backend.h"
#include "model/backend/native/images.h"
#include "model/backend/native/plan.h"

/** An item on its way through the decoder. */
typedef struct {
    const ub_item* item;
    ub_images* images; ///< Whose encoder outputs are there
} ub_native_passage;

/// Compute the masks of as many items as there are windows, at most
void ub_native_decode(const ub_native_plan* plan, void* scratch, const ub_native_passage* passages,
                      uint32_t n);

#endif // UB_MODEL_BACKEND_NATIVE_DECODER_H
