// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_SIGNAL_H
#define UB_TESTS_SIGNAL_H

/**
   @file
   Signals and measures for tests.
*/

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/// A small generator with the same numbers everywhere; seed is its state
static inline uint32_t
ub_random(uint32_t* seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/// Uniform, -1 to 1
static inline float
ub_random_sample(uint32_t* seed)
{
    return (float)ub_random(seed) / 8388608.0f - 1.0f;
}

static inline void
ub_noise(float* x, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; ++i) {
        x[i] = 0.5f * ub_random_sample(&seed);
    }
}

/// Level of a - b against b, dB
static inline double
ub_error_db(const float* a, const float* b, size_t n)
{
    double error = 0.0;
    double power = 0.0;
    for (size_t i = 0; i < n; ++i) {
        const double d = (double)a[i] - b[i];
        error += d * d;
        power += (double)b[i] * b[i];
    }
    return 10.0 * log10((error + 1e-30) / (power + 1e-30));
}

#endif // UB_TESTS_SIGNAL_H
