// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_STORE_H
#define UB_MODEL_BACKEND_NATIVE_STORE_H

/**
   @file
   What a model's runners share: every step's packed weights, and where images go.
*/

#include "model/backend/native/layout.h"
#include "model/backend/packed.h"
#include "model/conv/conv.h"

typedef struct {
    ub_conv* conv[UB_MAX_STEPS];
    ub_layout layout;
} ub_native_net;

typedef struct {
    ub_native_net net[UB_MAX_UNETS]; ///< Each generic network's
} ub_native_store;

/// How a model's ub_native_store is made
extern const ub_packing ub_native_packing;

/// Whether a step's outputs are planes: the mask, and what has one channel, which is an image
/// as well
bool ub_step_makes_planes(const ub_steps* steps, uint32_t step);

#endif // UB_MODEL_BACKEND_NATIVE_STORE_H
