// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/kernel.h"

#include "model/conv/clones.h"
#include "model/file/half.h"

/*
  One kernel for vectors of each size, in the compiler's own vector types.  Sums stay in
  registers over all taps; for each value of A there are two fused multiply-adds.
  LOAD(from, out) makes a vector of the halves at an address.
*/
#define CASE(NAME, ROWS)                     \
    case ROWS:                               \
        NAME##_some(p, ROWS, vectors, half); \
        break;

#define KERNEL(NAME, LANES, TARGET, LOAD)                                                       \
    typedef float NAME##_vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias)); \
    TARGET UB_INLINE void NAME##_some(const ub_conv_product* p, const uint32_t rows,            \
                                      const uint32_t vectors, const bool half)                  \
    {                                                                                           \
        NAME##_vector sum[UB_CONV_ROWS][2] = {{{0}}};                                           \
        const size_t size = half ? sizeof(uint16_t) : sizeof(float);                            \
        const char* b = (const char*)p->b;                                                      \
        const char* ahead = p->ahead;                                                           \
        if (p->more) {                                                                          \
            _Pragma("GCC unroll 8") for (uint32_t i = 0; i < rows; ++i)                         \
            {                                                                                   \
                _Pragma("GCC unroll 2") for (uint32_t j = 0; j < vectors; ++j)                  \
                {                                                                               \
                    sum[i][j] = *(const NAME##_vector*)(p->c + i * p->c_step + j * LANES);      \
                }                                                                               \
            }                                                                                   \
        }                                                                                       \
        for (uint32_t tap = 0; tap < p->taps; ++tap) {                                          \
            const size_t at = tap * p->tap_step;                                                \
            for (uint32_t k = 0; k < p->depth; ++k, b += vectors * LANES * size) {              \
                NAME##_vector column[2];                                                        \
                __builtin_prefetch(ahead, 0, 2);                                                \
                ahead += p->ahead_step;                                                         \
                _Pragma("GCC unroll 2") for (uint32_t j = 0; j < vectors; ++j)                  \
                {                                                                               \
                    const char* from = b + j * LANES * size;                                    \
                    if (half) {                                                                 \
                        LOAD(from, &column[j]);                                                 \
                    } else {                                                                    \
                        column[j] = *(const NAME##_vector*)from;                                \
                    }                                                                           \
                }                                                                               \
                _Pragma("GCC unroll 8") for (uint32_t i = 0; i < rows; ++i)                     \
                {                                                                               \
                    const float value = p->a[i][at + k];                                        \
                    _Pragma("GCC unroll 2") for (uint32_t j = 0; j < vectors; ++j)              \
                    {                                                                           \
                        sum[i][j] += column[j] * value;                                         \
                    }                                                                           \
                }                                                                               \
            }                                                                                   \
        }                                                                                       \
        _Pragma("GCC unroll 8") for (uint32_t i = 0; i < rows; ++i)                             \
        {                                                                                       \
            _Pragma("GCC unroll 2") for (uint32_t j = 0; j < vectors; ++j)                      \
            {                                                                                   \
                *(NAME##_vector*)(p->c + i * p->c_step + j * LANES) = sum[i][j];                \
            }                                                                                   \
        }                                                                                       \
    }                                                                                           \
    TARGET UB_INLINE void NAME##_wide(const ub_conv_product* p, const uint32_t vectors,         \
                                      const bool half)                                          \
    {                                                                                           \
        switch (p->rows) {                                                                      \
            CASE(NAME, 1)                                                                       \
            CASE(NAME, 2)                                                                       \
            CASE(NAME, 3)                                                                       \
            CASE(NAME, 4)                                                                       \
            CASE(NAME, 5)                                                                       \
            CASE(NAME, 6)                                                                       \
            CASE(NAME, 7)                                                                       \
            CASE(NAME, 8)                                                                       \
        }                                                                                       \
    }                                                                                           \
    TARGET static void NAME(const ub_conv_product* p)                                           \
    {                                                                                           \
        if (p->vectors == 1) {                                                                  \
            NAME##_wide(p, 1, false);                                                           \
        } else {                                                                                \
            NAME##_wide(p, 2, false);                                                           \
        }                                                                                       \
    }                                                                                           \
    TARGET static __attribute__((unused)) void NAME##_half(const ub_conv_product* p)            \
    {                                                                                           \
        if (p->vectors == 1) {                                                                  \
            NAME##_wide(p, 1, true);                                                            \
        } else {                                                                                \
            NAME##_wide(p, 2, true);                                                            \
        }                                                                                       \
    }

#define NO_HALVES(from, out) (void)(from)

KERNEL(multiply_4, 4, , NO_HALVES)

/*
  Vectors that the processor does not have.  That is slow, but the same sums: so every machine
  can test what is packed for others.
*/
static void
multiply_plainly(const ub_conv_product* p, uint32_t lanes)
{
    const uint32_t columns = p->vectors * lanes;
    for (uint32_t i = 0; i < p->rows * columns; ++i) {
        const uint32_t row = i / columns;
        const uint32_t column = i % columns;
        float* c = p->c + row * p->c_step + column;
        float sum = p->more ? *c : 0.0f;
        for (uint32_t k = 0; k < p->taps * p->depth; ++k) {
            const size_t at = (size_t)k * columns + column;
            sum += p->a[row][k / p->depth * p->tap_step + k % p->depth] *
                   (p->half ? ub_float_from_f16(((const uint16_t*)p->b)[at])
                            : ((const float*)p->b)[at]);
        }
        *c = sum;
    }
}

#if defined(__x86_64__)

#include <immintrin.h>

#define HALVES_8(from, out) \
    (*(out) = (multiply_8_vector)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(from))))
#define HALVES_16(from, out) \
    (*(out) = (multiply_16_vector)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)(from))))

KERNEL(multiply_8, 8, __attribute__((target("avx2,fma,f16c"))), HALVES_8)
KERNEL(multiply_16, 16, __attribute__((target("avx512f,f16c"))), HALVES_16)

uint32_t
ub_conv_lanes(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !__builtin_cpu_supports("f16c")) {
        return 4;
    }
    return __builtin_cpu_supports("avx512f") ? 16 : 8;
}

static void
multiply_wide(uint32_t lanes, const ub_conv_product* p)
{
    if (lanes == 16) {
        (p->half ? multiply_16_half : multiply_16)(p);
    } else {
        (p->half ? multiply_8_half : multiply_8)(p);
    }
}

#else

uint32_t
ub_conv_lanes(void)
{
    return 4;
}

static void
multiply_wide(uint32_t lanes, const ub_conv_product* p)
{
    multiply_plainly(p, lanes);
}

#endif

bool
ub_conv_takes_halves(uint32_t lanes)
{
    return lanes > 4;
}

void
ub_conv_multiply(uint32_t lanes, const ub_conv_product* product)
{
    if (lanes == 4) {
        multiply_4(product);
    } else if (lanes <= ub_conv_lanes()) {
        multiply_wide(lanes, product);
    } else {
        multiply_plainly(product, lanes);
    }
}

/*
  Compilers make vectors of these loops where they know that nothing overlaps, which
  they believe of parameters.
*/

/// v = B^T d, the middle four
UB_INLINE void
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
UB_INLINE void
transform_end(const float* restrict a, const float* restrict b, const float* restrict c, uint32_t n,
              float* restrict v)
{
    for (uint32_t i = 0; i < n; ++i) {
        v[i] = 4.0f * a[i] - 5.0f * b[i] + c[i];
    }
}

UB_CLONES void
ub_conv_transform(const float* const d[6], uint32_t n, float* const v[6])
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
UB_INLINE void
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

UB_INLINE void
add(const float* restrict x, uint32_t n, float* restrict y)
{
    for (uint32_t c = 0; c < n; ++c) {
        y[c] += x[c];
    }
}

UB_CLONES void
ub_conv_back(const float* const m[6], uint32_t n, float* const y[4])
{
    back_middle(m[1], m[2], m[3], m[4], n, y[0], y[1], y[2], y[3]);
    if (m[0]) {
        add(m[0], n, y[0]);
    }
    if (m[5]) {
        add(m[5], n, y[3]);
    }
}
