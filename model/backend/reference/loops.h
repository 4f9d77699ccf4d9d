// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_REFERENCE_LOOPS_H
#define UB_MODEL_BACKEND_REFERENCE_LOOPS_H

/**
   @file
   The sums of convolutions, in double precision.

   The innermost loop runs over bins that lie side by side, which is why rows are kept with
   their bins in phases: bin b of a row is at [b % stride][b / stride].
*/

#include "model/network/steps.h"

/// Values of scratch memory that a layer takes
size_t ub_loops_scratch(const ub_layer* layer);

/// A convolution's sums.
/// @param x Each input channel's image, [inputs] of [frames][bins]
/// @param out [filters][frames][bins]
void ub_convolve(const ub_layer* layer, const float* weight, const double* const* x,
                 double* scratch, double* out);

/// A transposed convolution's sums, cropped
void ub_convolve_transposed(const ub_layer* layer, const float* weight, const double* const* x,
                            double* scratch, double* out);

#endif // UB_MODEL_BACKEND_REFERENCE_LOOPS_H
