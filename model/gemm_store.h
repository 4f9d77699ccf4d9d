// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_GEMM_STORE_H
#define UB_MODEL_GEMM_STORE_H

/**
   @file
   A model's weights as matrices, packed once per process and shared by all
   runners.  May be called from any thread except a real-time one.
*/

#include "model/model.h"
#include "model/phases.h"

typedef struct ub_gemm_store_s ub_gemm_store;
struct ub_gemm_store_s {
    const ub_model* model;
    float* encoder[UB_MAX_LAYERS];
    float* decoder[UB_MAX_LAYERS][UB_MAX_PARTS]; ///< Parts as a plan of all frames has them
    unsigned refs;
    ub_gemm_store* next;
};

/// The store of a model, made when first asked for.  The caller keeps the model
/// open.  NULL: no memory.
ub_gemm_store* ub_gemm_store_get(const ub_model* model);

/// Drop a reference
void ub_gemm_store_put(ub_gemm_store* store);

/// Weights of a part of a decoder layer
const float* ub_gemm_part_weights(const ub_gemm_store* store, uint32_t layer,
                                  const ub_part* part);

#endif // UB_MODEL_GEMM_STORE_H
