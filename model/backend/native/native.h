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

#endif // UB_MODEL_BACKEND_NATIVE_NATIVE_H
