// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_PACKED_H
#define UB_MODEL_BACKEND_PACKED_H

/**
   @file
   A model's weights in the layout that some code wants, packed once per process
   and shared by all who use them.  All functions may be called from any thread
   except a real-time one.
*/

#include "model/network/model.h"

/** A layout, or a family of them. */
typedef struct {
    /// Pack a model's weights, or make room for what is packed later.  NULL: no memory.
    void* (*make)(const ub_model* model);
    void (*free)(void* weights);
} ub_packing;

/// A model's weights in a packing, made when first asked for.  The caller keeps the
/// model open.  NULL: no memory.
void* ub_packed_get(const ub_model* model, const ub_packing* packing);

/// Drop a reference; NULL does nothing
void ub_packed_put(void* weights);

#endif // UB_MODEL_BACKEND_PACKED_H
