// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_NATIVE_H
#define UB_MODEL_BACKEND_NATIVE_NATIVE_H

/**
   @file
   The backend on our own convolutions (model/conv): single precision, on the calling
   thread alone.  Several runners on several threads are how more cores are used.
*/

#include "model/backend/backend.h"

extern const ub_backend ub_backend_native;

/// The processor's instructions that it uses: "plain", "avx2" or "avx512".  NULL, with one line in
/// err, if the environment's UNBRAID_CPU asks for what there is not: nothing should compute then.
const char* ub_native_level(char* err, size_t err_size);

#endif // UB_MODEL_BACKEND_NATIVE_NATIVE_H
