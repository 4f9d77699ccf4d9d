// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Compiled once for each level: UB_LEVEL is its name, UB_LANES the floats in its vectors */

#include "model/conv/level.h"

#if UB_LANES > 4
#include <immintrin.h>
#endif

// What must become part of every variant
#define INLINE static inline __attribute__((always_inline))

typedef float vector __attribute__((vector_size(4 * UB_LANES), aligned(4), may_alias));

/// A vector of half-precision numbers
INLINE vector
widen(const char* from)
{
#if UB_LANES == 16
    return (vector)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)(const void*)from));
#elif UB_LANES == 8
    return (vector)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(const void*)from));
#else
    (void)from;
    return (vector){0}; // is never asked for
#endif
}

/// Sums stay in registers over all taps; for each value of A there are two multiply-adds.
INLINE void
multiply_some(const ub_conv_product* p, const uint32_t rows, const uint32_t vectors,
              const bool half)
{
    vector sum[UB_CONV_ROWS][2] = {{{0}}};
    const size_t size = half ? sizeof(uint16_t) : sizeof(float);
    const char* b = (const char*)p->b;
    const char* ahead = p->ahead;
    if (p->more) {
#pragma GCC unroll 8
        for (uint32_t i = 0; i < rows; ++i) {
#pragma GCC unroll 2
            for (uint32_t j = 0; j < vectors; ++j) {
                sum[i][j] = *(const vector*)(p->c + i * p->c_step + j * UB_LANES);
            }
        }
    }
    for (uint32_t tap = 0; tap < p->taps; ++tap) {
        const size_t at = tap * p->tap_step;
        for (uint32_t k = 0; k < p->depth; ++k, b += vectors * UB_LANES * size) {
            vector column[2];
            __builtin_prefetch(ahead, 0, 2);
            ahead += p->ahead_step;
#pragma GCC unroll 2
            for (uint32_t j = 0; j < vectors; ++j) {
                const char* from = b + j * UB_LANES * size;
                column[j] = half ? widen(from) : *(const vector*)from;
            }
#pragma GCC unroll 8
            for (uint32_t i = 0; i < rows; ++i) {
                const float value = p->a[i][at + k];
#pragma GCC unroll 2
                for (uint32_t j = 0; j < vectors; ++j) {
                    sum[i][j] += column[j] * value;
                }
            }
        }
    }
#pragma GCC unroll 8
    for (uint32_t i = 0; i < rows; ++i) {
#pragma GCC unroll 2
        for (uint32_t j = 0; j < vectors; ++j) {
            *(vector*)(p->c + i * p->c_step + j * UB_LANES) = sum[i][j];
        }
    }
}

INLINE void
multiply_rows(const ub_conv_product* p, const uint32_t vectors, const bool half)
{
    switch (p->rows) {
    case 1:
        multiply_some(p, 1, vectors, half);
        break;
    case 2:
        multiply_some(p, 2, vectors, half);
        break;
    case 3:
        multiply_some(p, 3, vectors, half);
        break;
    case 4:
        multiply_some(p, 4, vectors, half);
        break;
    case 5:
        multiply_some(p, 5, vectors, half);
        break;
    case 6:
        multiply_some(p, 6, vectors, half);
        break;
    case 7:
        multiply_some(p, 7, vectors, half);
        break;
    default:
        multiply_some(p, UB_CONV_ROWS, vectors, half);
        break;
    }
}

static void
multiply(const ub_conv_product* p)
{
    if (p->half && p->vectors == 1) {
        multiply_rows(p, 1, true);
    } else if (p->half) {
        multiply_rows(p, 2, true);
    } else if (p->vectors == 1) {
        multiply_rows(p, 1, false);
    } else {
        multiply_rows(p, 2, false);
    }
}

/*
  Compilers make vectors of these loops where they know that nothing overlaps, which
  they believe of parameters.
*/

/// v = B^T d, the middle four
INLINE void
transform_middle(const float* restrict d1, const float* restrict d2, const float* restrict d3,
                 const float* restrict d4, uint32_t n, float* restrict v1, float* restrict v2,
                 float* restrict v3, float* restrict v4)
{
    for (uint32_t c = 0; c < n; ++c) {
        const float even = d4[c] - 4.0f * d2[c];
        const float odd = d3[c] - 4.0f * d1[c];
        const float even2 = d4[c] - d2[c];
        const float odd2 = 2.0f * (d3[c] - d1[c]);
        v1[c] = even + odd;
        v2[c] = even - odd;
        v3[c] = even2 + odd2;
        v4[c] = even2 - odd2;
    }
}

/// The first and the last
INLINE void
transform_end(const float* restrict a, const float* restrict b, const float* restrict c, uint32_t n,
              float* restrict v)
{
    for (uint32_t i = 0; i < n; ++i) {
        v[i] = 4.0f * a[i] - 5.0f * b[i] + c[i];
    }
}

static void
transform(const float* const d[6], uint32_t n, float* const v[6])
{
    transform_middle(d[1], d[2], d[3], d[4], n, v[1], v[2], v[3], v[4]);
    if (v[0]) {
        transform_end(d[0], d[2], d[4], n, v[0]);
    }
    if (v[5]) {
        transform_end(d[1], d[3], d[5], n, v[5]);
    }
}

/// y = A^T m without its ends
INLINE void
back_middle(const float* restrict m1, const float* restrict m2, const float* restrict m3,
            const float* restrict m4, uint32_t n, float* restrict y0, float* restrict y1,
            float* restrict y2, float* restrict y3)
{
    for (uint32_t c = 0; c < n; ++c) {
        const float sum = m1[c] + m2[c];
        const float difference = m1[c] - m2[c];
        const float sum2 = m3[c] + m4[c];
        const float difference2 = m3[c] - m4[c];
        y0[c] = sum + sum2;
        y1[c] = difference + 2.0f * difference2;
        y2[c] = sum + 4.0f * sum2;
        y3[c] = difference + 8.0f * difference2;
    }
}

INLINE void
add(const float* restrict x, uint32_t n, float* restrict y)
{
    for (uint32_t c = 0; c < n; ++c) {
        y[c] += x[c];
    }
}

static void
back(const float* const m[6], uint32_t n, float* const y[4])
{
    back_middle(m[1], m[2], m[3], m[4], n, y[0], y[1], y[2], y[3]);
    if (m[0]) {
        add(m[0], n, y[0]);
    }
    if (m[5]) {
        add(m[5], n, y[3]);
    }
}

/// sums += weight * x
static void
add_scaled(float weight, const float* restrict x, size_t n, float* restrict sums)
{
    for (size_t i = 0; i < n; ++i) {
        sums[i] += weight * x[i];
    }
}

const ub_kernels UB_JOINED(ub_kernels, UB_LEVEL) = {multiply, transform, back, add_scaled};
