// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_LAYOUT_H
#define UB_MODEL_BACKEND_NATIVE_LAYOUT_H

/**
   @file
   Where the images of one window are in its memory.  Each is [frames][bins][channels], with
   room for all of its frames; the mask is not among them.
*/

#include "model/network/steps.h"

typedef struct {
    size_t at[UB_MAX_IMAGES]; ///< First value of each image
    size_t size;              ///< Values
} ub_layout;

/// Images that a later step than the next one reads, or what follows the encoder, have a place
/// of their own; the others take turns in two.
void ub_layout_make(ub_layout* layout, const ub_steps* steps);

/// Bytes, aligned to a page.  Free with free().  NULL: no memory.
void* ub_page_alloc(size_t size);

#endif // UB_MODEL_BACKEND_NATIVE_LAYOUT_H
