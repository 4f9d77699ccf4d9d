// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CUDA_PROGRAM_H
#define UB_MODEL_BACKEND_CUDA_PROGRAM_H

/**
   @file
   A network's steps as a program of convolutions for unbraid_cuda.so.
*/

#include "model/cuda/abi.h"
#include "model/network/model.h"

/// The program for some frames of a mask.  Free with free().  NULL: no memory.
ub_cuda_program* ub_cuda_program_new(const ub_steps* steps, ub_span mask);

/// Lay out a condition's numbers as programs want them, [program.finish]
void ub_cuda_finish_values(const ub_steps* steps, const ub_folded* folded, float* out);

/// Values that ub_cuda_finish_values writes
uint32_t ub_cuda_finish_size(const ub_steps* steps);

#endif // UB_MODEL_BACKEND_CUDA_PROGRAM_H
