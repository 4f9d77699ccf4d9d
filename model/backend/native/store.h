// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_STORE_H
#define UB_MODEL_BACKEND_NATIVE_STORE_H

/**
   @file
   A model's weights in the layouts that oneDNN wants, each packed when first
   asked for.  All functions may be called from any thread except a real-time
   one.
*/

#include "model/backend/native/version.h"
#include "model/backend/packed.h"
#include "model/network/phases.h"

typedef struct ub_dnn_store_s ub_dnn_store;

/// How a model's ub_dnn_store is made
extern const ub_packing ub_dnn_packing;

dnnl_engine_t ub_dnn_store_engine(const ub_dnn_store* store);

/// An encoder layer's weights; NULL: no memory
dnnl_memory_t ub_dnn_encoder_weights(ub_dnn_store* store, uint32_t layer, ub_dnn_const_desc desc);

/// Weights of a part of a decoder layer; NULL: no memory
dnnl_memory_t ub_dnn_part_weights(ub_dnn_store* store, uint32_t layer, const ub_part* part,
                                  ub_dnn_const_desc desc);

#endif // UB_MODEL_BACKEND_NATIVE_STORE_H
