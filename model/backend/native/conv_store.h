// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_CONV_STORE_H
#define UB_MODEL_BACKEND_NATIVE_CONV_STORE_H

/**
   @file
   A model's layers that ub_conv computes.
*/

#include "model/backend/packed.h"
#include "model/conv/conv.h"

typedef struct {
    ub_conv* encoder[UB_MAX_LAYERS]; ///< NULL for a layer that it cannot
    ub_conv* decoder[UB_MAX_LAYERS];
} ub_conv_store;

/// How a model's ub_conv_store is made
extern const ub_packing ub_conv_packing;

#endif // UB_MODEL_BACKEND_NATIVE_CONV_STORE_H
