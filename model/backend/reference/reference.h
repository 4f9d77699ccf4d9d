// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_REFERENCE_REFERENCE_H
#define UB_MODEL_BACKEND_REFERENCE_REFERENCE_H

/**
   @file
   The backend that the others are compared with.
*/

#include "model/backend/backend.h"

extern const ub_backend ub_backend_reference;

#endif // UB_MODEL_BACKEND_REFERENCE_REFERENCE_H
