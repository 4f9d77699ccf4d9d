// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_STORE_H
#define UB_MODEL_BACKEND_NATIVE_STORE_H

/**
   @file
   A model's layers, packed.
*/

#include "model/backend/packed.h"
#include "model/conv/conv.h"

typedef struct {
    ub_conv* encoder[UB_MAX_LAYERS];
    ub_conv* decoder[UB_MAX_LAYERS];
} ub_native_store;

/// How a model's ub_native_store is made
extern const ub_packing ub_native_packing;

#endif // UB_MODEL_BACKEND_NATIVE_STORE_H
