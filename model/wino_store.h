// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_WINO_STORE_H
#define UB_MODEL_WINO_STORE_H

/**
   @file
   A model's layers that are computed by minimal filtering.
*/

#include "model/packed.h"
#include "model/wino.h"

typedef struct {
    ub_wino* encoder[UB_MAX_LAYERS]; ///< NULL for a layer that is better computed otherwise
    ub_wino* decoder[UB_MAX_LAYERS];
} ub_wino_store;

/// How a model's ub_wino_store is made
extern const ub_packing ub_wino_packing;

#endif // UB_MODEL_WINO_STORE_H
