// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_NATIVE_H
#define UB_MODEL_BACKEND_NATIVE_NATIVE_H

/**
   @file
   Backends on oneDNN (https://github.com/oneapi-src/oneDNN).

   They use as many OpenMP threads as omp_set_num_threads() was last given on
   the calling thread.
*/

#include "model/backend/backend.h"

extern const ub_backend ub_backend_onednn;      ///< Single precision
extern const ub_backend ub_backend_onednn_bf16; ///< bfloat16, sums in single precision

#endif // UB_MODEL_BACKEND_NATIVE_NATIVE_H
