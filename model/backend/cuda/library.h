// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CUDA_LIBRARY_H
#define UB_MODEL_BACKEND_CUDA_LIBRARY_H

/**
   @file
   The one unbraid_cuda.so of this process, and each model's one set of weights in it.
   Any thread.
*/

#include "model/cuda/abi.h"
#include "model/network/model.h"

/// The library's functions, opened when first asked for and never closed, as CUDA cannot
/// be.  NULL if there is none, or no device, with the reason in err (UB_CUDA_TEXT).
const ub_cuda_api* ub_cuda_library(char* err);

/// The devices there were when the library was opened
const ub_cuda_devices* ub_cuda_library_devices(void);

/// A device has failed: from now on there is none, for this reason.
void ub_cuda_library_lose(const char* why);

/// The weights of one of a model's U-Nets on the device, loaded when first asked for.  NULL on
/// failure, with the reason in err.  Each call that succeeds needs one ub_cuda_weights_put.
ub_cuda_model* ub_cuda_weights_get(const ub_model* model, uint32_t unet,
                                   ub_cuda_precision precision, char* err);

/// Let go of them; a lost device's stay where they are
void ub_cuda_weights_put(ub_cuda_model* weights);

#endif // UB_MODEL_BACKEND_CUDA_LIBRARY_H
