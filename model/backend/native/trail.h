// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_TRAIL_H
#define UB_MODEL_BACKEND_NATIVE_TRAIL_H

/**
   @file
   Encoder outputs of a stream's last windows, for the windows to come.

   Each kept row bears the number of the stream's frame that it sits at, and
   each condition's rows are kept apart: whatever order windows come in, a row
   that is found is the one that would be computed.  All functions that run
   windows allocate nothing.
*/

#include "model/backend/backend.h"
#include "model/network/reuse.h"

/** Rows under one condition. */
typedef struct ub_trail_rows_s ub_trail_rows;

/// NULL if it would gain nothing, or without memory
ub_trail* ub_trail_new(const ub_model* model, uint32_t step, uint32_t conditions);

void ub_trail_free(ub_trail* trail);

/// What is kept of a generic network's windows, or NULL for nothing
const ub_reuse* ub_trail_reuse(const ub_trail* trail, uint32_t unet);

/// The rows under a condition, in place of those unused for longest where there were none
ub_trail_rows* ub_trail_find(ub_trail* trail, const ub_folded* folded);

/// Whether these are rows under that condition still
bool ub_trail_is(const ub_trail_rows* kept, const ub_trail* trail, const ub_folded* folded);

/// Whether all of a window's rows that are to come from the trail are there.
/// @param start Number of the window's first frame.
bool ub_trail_has(const ub_trail_rows* kept, const ub_rows rows[UB_MAX_LAYERS], int64_t start);

/// Copy a layer's kept rows into the n images that come of it, [rows][bins][channels]
void ub_trail_take(const ub_trail_rows* kept, uint32_t layer, const ub_rows* rows, int64_t start,
                   float* const* images, uint32_t n);

/// Keep what is worth keeping of the computed rows of a layer's images
void ub_trail_keep(ub_trail_rows* kept, uint32_t layer, ub_span computed, int64_t start,
                   float* const* images, uint32_t n);

#endif // UB_MODEL_BACKEND_NATIVE_TRAIL_H
