// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_OPENBLAS_OPENBLAS_H
#define UB_MODEL_BACKEND_OPENBLAS_OPENBLAS_H

/**
   @file
   Backend on OpenBLAS (https://www.openblas.net), for machines that oneDNN
   serves badly.  It uses as many OpenMP threads as omp_set_num_threads() was
   last given on the calling thread, each with products of its own.
*/

#include "model/backend/backend.h"

extern const ub_backend ub_backend_openblas;

#endif // UB_MODEL_BACKEND_OPENBLAS_OPENBLAS_H
