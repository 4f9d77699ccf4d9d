// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/level.h"

#include "model/file/environment.h"
#include "model/file/error.h"

#include <stdatomic.h>
#include <string.h>

typedef struct {
    const char* name;
    uint32_t lanes; // floats in a vector
    const ub_kernels* kernels;
    const ub_pixels* pixels;
} level;

static const level levels[] = {
    {"plain", 4, &ub_kernels_plain, &ub_pixels_plain},
#if defined(__x86_64__)
    {"avx2", 8, &ub_kernels_avx2, &ub_pixels_avx2},
    {"avx512", 16, &ub_kernels_avx512, &ub_pixels_avx512},
#endif
};

#if defined(__x86_64__)

// How many of the levels this processor has
static unsigned
count(void)
{
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("f16c");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return avx2 && avx512 ? 3 : avx2 ? 2 : 1;
}

#else

static unsigned
count(void)
{
    return 1;
}

#endif

unsigned
ub_levels(const char* names[UB_LEVELS])
{
    const unsigned n = count();
    for (unsigned i = 0; i < n; ++i) {
        names[i] = levels[i].name;
    }
    return n;
}

// The one that the environment names, or NULL
static const level*
named(const char* name)
{
    unsigned i = count();
    while (i && strcmp(name, levels[i - 1].name)) {
        --i;
    }
    return i ? &levels[i - 1] : NULL;
}

static const level*
choose(void)
{
    const char* name = ub_environment(UB_ENV_CPU);
    const level* wanted = name ? named(name) : NULL;
    return wanted ? wanted : &levels[count() - 1];
}

// Chosen once: whoever comes first, it is the same
static const level*
current(void)
{
    static _Atomic(const level*) chosen;
    const level* l = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!l) {
        l = choose();
        atomic_store_explicit(&chosen, l, memory_order_relaxed);
    }
    return l;
}

const char*
ub_level(char* err, size_t err_size)
{
    const char* name = ub_environment(UB_ENV_CPU);
    const unsigned n = count();
    if (name && !named(name)) {
        ub_error(err, err_size,
                 "UNBRAID_CPU=%s: not known or not on this processor (expected plain%s%s)", name,
                 n > 1 ? " or avx2" : "", n > 2 ? " or avx512" : "");
        return NULL;
    }
    return current()->name;
}

uint32_t
ub_conv_lanes(void)
{
    return current()->lanes;
}

void
ub_conv_multiply(const ub_conv_product* product)
{
    current()->kernels->multiply(product);
}

void
ub_conv_transform(const float* const d[6], uint32_t n, float* const v[6])
{
    current()->kernels->transform(d, n, v);
}

void
ub_conv_back(const float* const m[6], uint32_t n, float* const y[4])
{
    current()->kernels->back(m, n, y);
}

void
ub_conv_add_scaled(float weight, const float* x, size_t n, float* sums)
{
    current()->kernels->add_scaled(weight, x, n, sums);
}

void
ub_planes_to_pixels(const float* planes, uint32_t channels, size_t pixels, float* out)
{
    current()->pixels->from_planes(planes, channels, pixels, out);
}

void
ub_finish_pixels(const ub_finish* finish, const float* raw, size_t raw_step, float* out,
                 size_t out_step, size_t n)
{
    current()->pixels->finish(finish, raw, raw_step, out, out_step, n);
}

void
ub_finish_four(const ub_finish* finish, const float* const raw[4], float* const out[4])
{
    current()->pixels->finish_four(finish, raw, out);
}

void
ub_finish_plane(const ub_finish* finish, uint32_t channel, const float* raw, size_t raw_step,
                float* out, size_t out_step, size_t n)
{
    current()->pixels->finish_plane(finish, channel, raw, raw_step, out, out_step, n);
}
