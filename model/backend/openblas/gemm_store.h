// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_OPENBLAS_GEMM_STORE_H
#define UB_MODEL_BACKEND_OPENBLAS_GEMM_STORE_H

/**
   @file
   A model's weights as the matrices that ub_gemm_conv() takes.
*/

#include "model/backend/packed.h"
#include "model/network/phases.h"

typedef struct {
    const ub_model* model;
    float* encoder[UB_MAX_LAYERS];
    float* decoder[UB_MAX_LAYERS][UB_MAX_PARTS]; ///< Parts as a plan of all frames has them
} ub_gemm_store;

/// How a model's ub_gemm_store is packed
extern const ub_packing ub_gemm_packing;

/// Weights of a part of a decoder layer
const float* ub_gemm_part_weights(const ub_gemm_store* store, uint32_t layer, const ub_part* part);

#endif // UB_MODEL_BACKEND_OPENBLAS_GEMM_STORE_H
