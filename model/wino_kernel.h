// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_WINO_KERNEL_H
#define UB_MODEL_WINO_KERNEL_H

/**
   @file
   The inner loops of ub_wino, in the processor's widest vectors.
*/

#include "model/wino.h"

#define UB_WINO_ROWS 6 ///< Rows of a product at a time, as registers allow

/** Rows of a product C = A B, where B is a panel of one or two vectors' columns. */
typedef struct {
    const float* a[UB_WINO_ROWS]; ///< Each row's first values
    uint32_t rows;
    uint32_t taps;    ///< Runs of values in each row of A...
    size_t tap_step;  ///< ...from the beginning of one to that of the next
    uint32_t depth;   ///< Values in a run
    const float* b;   ///< [taps][depth][columns]
    uint32_t vectors; ///< Of columns: 1 or 2
    float* c;
    size_t c_step; ///< Values from row to row
} ub_wino_product;

/// Compute a product with vectors of that many floats
void ub_wino_multiply(uint32_t lanes, const ub_wino_product* product);

/// Transform six pixels of n channels: v = B^T d.  v[0] and v[5] may be NULL.
void ub_wino_transform(const float* const d[6], uint32_t n, float* const v[6]);

/// Transform products back, y = A^T m.  NULL in m[0] or m[5] is 0.
void ub_wino_back(const float* const m[6], uint32_t n, float* const y[4]);

/// The same, and finish them with a piecewise linear activation
void ub_wino_back_finish(const float* const m[6], const ub_finish* finish, float* const y[4]);

#endif // UB_MODEL_WINO_KERNEL_H
