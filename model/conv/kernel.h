// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_KERNEL_H
#define UB_MODEL_CONV_KERNEL_H

/**
   @file
   The inner loops of ub_conv, in the processor's widest vectors.  Half precision for B takes
   vectors of more than 4 floats.
*/

#include "model/conv/conv.h"

#define UB_CONV_ROWS 8 ///< Rows of a product at a time of one vector, as registers allow...
#define UB_CONV_WIDE 6 ///< ...and of two

/** Rows of a product C = A B, or C += A B, where B is a panel of one or two vectors' columns. */
typedef struct {
    const float* a[UB_CONV_ROWS]; ///< Each row's first values
    uint32_t rows;
    uint32_t taps;   ///< Runs of values in each row of A...
    size_t tap_step; ///< ...from the beginning of one to that of the next
    uint32_t depth;  ///< Values in a run
    const void* b;   ///< [taps][depth][columns], of float or of half precision
    bool half;
    uint32_t vectors;  ///< Of columns: 1 or 2
    const char* ahead; ///< What is wanted next is fetched from here on,...
    size_t ahead_step; ///< ...so many bytes on for each row of B
    bool more;         ///< Add to what is in C
    float* c;
    size_t c_step; ///< Values from row to row
} ub_conv_product;

/// Floats in a vector of the level in use (see level.h): 4, 8 or 16
uint32_t ub_conv_lanes(void);

/// Compute a product.
void ub_conv_multiply(const ub_conv_product* product);

/// Transform six pixels of n channels: v = B^T d.  v[0] and v[5] may be NULL.
void ub_conv_transform(const float* const d[6], uint32_t n, float* const v[6]);

/// Transform products back, y = A^T m.  NULL in m[0] or m[5] is 0.
void ub_conv_back(const float* const m[6], uint32_t n, float* const y[4]);

/// sums += weight * x, n of them that do not overlap
void ub_conv_add_scaled(float weight, const float* x, size_t n, float* sums);

#endif // UB_MODEL_CONV_KERNEL_H
