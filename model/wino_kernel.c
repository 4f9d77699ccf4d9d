// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/wino_kernel.h"

#include "model/clones.h"

/*
  One kernel for vectors of each size, in the compiler's own vector types.  Sums stay in
  registers over all taps; per value of A there are two fused multiply-adds.
*/
#define KERNEL(NAME, LANES, TARGET)                                                                \
    typedef float NAME##_vector                                                                    \
        __attribute__((vector_size(4 * LANES), aligned(4), may_alias));                            \
    TARGET static inline __attribute__((always_inline)) void NAME##_some(                          \
        const ub_wino_product* p, const uint32_t rows, const uint32_t vectors)                     \
    {                                                                                              \
        NAME##_vector sum[UB_WINO_ROWS][2] = {{{0}}};                                              \
        const float* b = p->b;                                                                     \
        for (uint32_t tap = 0; tap < p->taps; ++tap) {                                             \
            const size_t at = tap * p->tap_step;                                                   \
            for (uint32_t k = 0; k < p->depth; ++k, b += vectors * LANES) {                        \
                NAME##_vector column[2];                                                           \
                _Pragma("GCC unroll 2") for (uint32_t j = 0; j < vectors; ++j)                     \
                {                                                                                  \
                    column[j] = *(const NAME##_vector*)(b + j * LANES);                            \
                }                                                                                  \
                _Pragma("GCC unroll 6") for (uint32_t i = 0; i < rows; ++i)                        \
                {                                                                                  \
                    const float value = p->a[i][at + k];                                           \
                    _Pragma("GCC unroll 2") for (uint32_t j = 0; j < vectors; ++j)                 \
                    {                                                                              \
                        sum[i][j] += column[j] * value;                                            \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        _Pragma("GCC unroll 6") for (uint32_t i = 0; i < rows; ++i)                                \
        {                                                                                          \
            _Pragma("GCC unroll 2") for (uint32_t j = 0; j < vectors; ++j)                         \
            {                                                                                      \
                *(NAME##_vector*)(p->c + i * p->c_step + j * LANES) = sum[i][j];                   \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    TARGET static inline __attribute__((always_inline)) void NAME##_wide(                          \
        const ub_wino_product* p, const uint32_t vectors)                                          \
    {                                                                                              \
        switch (p->rows) {                                                                         \
        case 1: NAME##_some(p, 1, vectors); break;                                                 \
        case 2: NAME##_some(p, 2, vectors); break;                                                 \
        case 3: NAME##_some(p, 3, vectors); break;                                                 \
        case 4: NAME##_some(p, 4, vectors); break;                                                 \
        case 5: NAME##_some(p, 5, vectors); break;                                                 \
        default: NAME##_some(p, 6, vectors); break;                                                \
        }                                                                                          \
    }                                                                                              \
    TARGET static void NAME(const ub_wino_product* p)                                              \
    {                                                                                              \
        if (p->vectors == 1) {                                                                     \
            NAME##_wide(p, 1);                                                                     \
        } else {                                                                                   \
            NAME##_wide(p, 2);                                                                     \
        }                                                                                          \
    }

KERNEL(multiply_4, 4, )

#if defined(__x86_64__)

KERNEL(multiply_8, 8, __attribute__((target("avx2,fma"))))
KERNEL(multiply_16, 16, __attribute__((target("avx512f"))))

uint32_t
ub_wino_lanes(void)
{
    if (__builtin_cpu_supports("avx512f")) {
        return 16;
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 4;
}

void
ub_wino_multiply(uint32_t lanes, const ub_wino_product* product)
{
    if (lanes == 16) {
        multiply_16(product);
    } else if (lanes == 8) {
        multiply_8(product);
    } else {
        multiply_4(product);
    }
}

#else

uint32_t
ub_wino_lanes(void)
{
    return 4;
}

void
ub_wino_multiply(uint32_t lanes, const ub_wino_product* product)
{
    (void)lanes;
    multiply_4(product);
}

#endif

UB_CLONES void
ub_wino_transform(const float* const d[6], uint32_t n, float* const v[6])
{
    const float* restrict d0 = d[0];
    const float* restrict d1 = d[1];
    const float* restrict d2 = d[2];
    const float* restrict d3 = d[3];
    const float* restrict d4 = d[4];
    const float* restrict d5 = d[5];
    float* restrict v0 = v[0];
    float* restrict v1 = v[1];
    float* restrict v2 = v[2];
    float* restrict v3 = v[3];
    float* restrict v4 = v[4];
    float* restrict v5 = v[5];
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
    for (uint32_t c = 0; v0 && c < n; ++c) {
        v0[c] = 4.0f * d0[c] - 5.0f * d2[c] + d4[c];
    }
    for (uint32_t c = 0; v5 && c < n; ++c) {
        v5[c] = 4.0f * d1[c] - 5.0f * d3[c] + d5[c];
    }
}

/** What the activation does to a sum. */
typedef struct {
    const float* scale;
    const float* shift;
    float slope;
} line;

UB_INLINE float
finished(const line* f, float x, uint32_t c)
{
    if (!f) {
        return x;
    }
    const float y = x * f->scale[c] + f->shift[c];
    return y < 0.0f ? y * f->slope : y;
}

UB_INLINE void
back(const float* const m[6], uint32_t n, float* const y[4], const line* f, bool first, bool last)
{
    const float* restrict m0 = m[0];
    const float* restrict m1 = m[1];
    const float* restrict m2 = m[2];
    const float* restrict m3 = m[3];
    const float* restrict m4 = m[4];
    const float* restrict m5 = m[5];
    float* restrict y0 = y[0];
    float* restrict y1 = y[1];
    float* restrict y2 = y[2];
    float* restrict y3 = y[3];
    for (uint32_t c = 0; c < n; ++c) {
        const float sum = m1[c] + m2[c];
        const float difference = m1[c] - m2[c];
        const float sum2 = m3[c] + m4[c];
        const float difference2 = m3[c] - m4[c];
        y0[c] = finished(f, (first ? m0[c] : 0.0f) + sum + sum2, c);
        y1[c] = finished(f, difference + 2.0f * difference2, c);
        y2[c] = finished(f, sum + 4.0f * sum2, c);
        y3[c] = finished(f, difference + 8.0f * difference2 + (last ? m5[c] : 0.0f), c);
    }
}

UB_INLINE void
back_any(const float* const m[6], uint32_t n, float* const y[4], const line* f)
{
    if (m[0] && m[5]) {
        back(m, n, y, f, true, true);
    } else if (m[0]) {
        back(m, n, y, f, true, false);
    } else if (m[5]) {
        back(m, n, y, f, false, true);
    } else {
        back(m, n, y, f, false, false);
    }
}

UB_CLONES void
ub_wino_back(const float* const m[6], uint32_t n, float* const y[4])
{
    back_any(m, n, y, NULL);
}

UB_CLONES void
ub_wino_back_finish(const float* const m[6], const ub_finish* finish, float* const y[4])
{
    const line f = {finish->scale, finish->shift, ub_activation_slope(finish->activation)};
    back_any(m, finish->channels, y, &f);
}
