// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_RUN_H
#define UB_MODEL_BACKEND_NATIVE_RUN_H

/**
   @file
   Windows on their way through a network's steps: the encoder's, with or without what a
   stream's last windows have left, and then the others, to the masks.
*/

#include "model/backend/native/plan.h"
#include "model/backend/native/trail.h"

#define UB_WINDOWS 4U ///< That go through each step together, at most

/** A window under way. */
typedef struct {
    float* memory; ///< Its images
    const ub_item* item;
    ub_trail_rows* kept; ///< Where its rows are kept, or NULL; set by ub_native_encode()
    bool reuse;          ///< Whether the rows it could take are there; likewise
    const float* input;  ///< Image, of this or an equal window; likewise
} ub_native_window;

/// Compute the encoder's images of some windows, step by step.  Only the rows that are
/// needed are valid afterwards.
void ub_native_encode(const ub_native_plan* plan, void* scratch, ub_native_window* windows,
                      uint32_t n);

/// Compute the masks from them
void ub_native_decode(const ub_native_plan* plan, void* scratch, const ub_native_window* windows,
                      uint32_t n);

#endif // UB_MODEL_BACKEND_NATIVE_RUN_H
