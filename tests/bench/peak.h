// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_BENCH_PEAK_H
#define UB_BENCH_PEAK_H

/**
   @file
   What a core can do at most: fused multiply-adds on registers alone.
*/

#include "dsp/clock.h"

#define UB_PEAK_ROUNDS 2000000L
#define UB_PEAK_SUMS   12 ///< Independent sums, enough to hide the latency of two units

#if defined(__x86_64__)

#include <immintrin.h>

__attribute__((target("avx512f"))) static inline float
ub_spin_512(void)
{
    __m512 sum[UB_PEAK_SUMS];
    const __m512 x = _mm512_set1_ps(0.999f);
    const __m512 y = _mm512_set1_ps(0.001f);
    for (int k = 0; k < UB_PEAK_SUMS; ++k) {
        sum[k] = _mm512_set1_ps((float)k);
    }
    for (long i = 0; i < UB_PEAK_ROUNDS; ++i) {
        for (int k = 0; k < UB_PEAK_SUMS; ++k) {
            sum[k] = _mm512_fmadd_ps(sum[k], x, y);
        }
    }
    for (int k = 1; k < UB_PEAK_SUMS; ++k) {
        sum[0] = _mm512_add_ps(sum[0], sum[k]);
    }
    return _mm512_cvtss_f32(sum[0]);
}

__attribute__((target("avx2,fma"))) static inline float
ub_spin_256(void)
{
    __m256 sum[UB_PEAK_SUMS];
    const __m256 x = _mm256_set1_ps(0.999f);
    const __m256 y = _mm256_set1_ps(0.001f);
    for (int k = 0; k < UB_PEAK_SUMS; ++k) {
        sum[k] = _mm256_set1_ps((float)k);
    }
    for (long i = 0; i < UB_PEAK_ROUNDS; ++i) {
        for (int k = 0; k < UB_PEAK_SUMS; ++k) {
            sum[k] = _mm256_fmadd_ps(sum[k], x, y);
        }
    }
    for (int k = 1; k < UB_PEAK_SUMS; ++k) {
        sum[0] = _mm256_add_ps(sum[0], sum[k]);
    }
    return _mm256_cvtss_f32(sum[0]);
}

/// Single-precision GFLOP/s of one core, best of some tries; 0 where it is not known
static inline double
ub_peak_gflops(void)
{
    volatile float sink = 0.0f;
    double best = 0.0;
    for (int i = 0; i < 10; ++i) {
        double lanes = 0.0;
        const double start = ub_now();
        if (__builtin_cpu_supports("avx512f")) {
            sink = ub_spin_512();
            lanes = 16.0;
        } else if (__builtin_cpu_supports("fma")) {
            sink = ub_spin_256();
            lanes = 8.0;
        }
        const double rate =
            2.0 * lanes * UB_PEAK_SUMS * (double)UB_PEAK_ROUNDS / (ub_now() - start) / 1e9;
        best = rate > best ? rate : best;
    }
    (void)sink;
    return best;
}

#else

static inline double
ub_peak_gflops(void)
{
    return 0.0;
}

#endif

#endif // UB_BENCH_PEAK_H
