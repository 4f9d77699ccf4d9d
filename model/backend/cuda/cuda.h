// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CUDA_CUDA_H
#define UB_MODEL_BACKEND_CUDA_CUDA_H

/**
   @file
   Backends on an NVIDIA GPU, through unbraid_cuda.so.

   The library is looked for in the environment's UNBRAID_CUDA_LIBRARY, else beside
   the plugin or program, else in the bundle that belongs to the program, else where
   ub_cuda_look_in says.  Once a device has failed in this process it is not used again.
*/

#include "model/backend/backend.h"
#include "model/cuda/abi.h"

extern const ub_backend ub_backend_cuda;      ///< Single precision
extern const ub_backend ub_backend_cuda_tf32; ///< Products of 10-bit mantissas
extern const ub_backend ub_backend_cuda_bf16; ///< bfloat16 throughout
extern const ub_backend ub_backend_cuda_fp16; ///< IEEE half precision throughout

/// The devices; the first one is used.  NULL if none can be, with the reason in one line in
/// why (UB_CUDA_TEXT).
const ub_cuda_devices* ub_cuda_list(char* why);

/// Another folder to look for the library in.  Before its first use.
void ub_cuda_look_in(const char* folder);

#endif // UB_MODEL_BACKEND_CUDA_CUDA_H
