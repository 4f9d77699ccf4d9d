// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_DENORMAL_H
#define UB_DSP_DENORMAL_H

/**
   @file
   Denormal numbers count as zero between enter and leave, whatever the host has
   chosen for its own code.
*/

#include <stdint.h>

#if defined(__SSE__)
#include <xmmintrin.h>

static inline uint64_t
ub_denormals_off(void)
{
    const unsigned int saved = _mm_getcsr();
    _mm_setcsr(saved | 0x8040u); // flush to zero, denormals are zero
    return saved;
}

static inline void
ub_denormals_restore(uint64_t saved)
{
    _mm_setcsr((unsigned int)saved);
}

#elif defined(__aarch64__)

static inline uint64_t
ub_denormals_off(void)
{
    uint64_t saved = 0;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0" : : "r"(saved | (UINT64_C(1) << 24)));
    return saved;
}

static inline void
ub_denormals_restore(uint64_t saved)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(saved));
}

#else

static inline uint64_t
ub_denormals_off(void)
{
    return 0;
}

static inline void
ub_denormals_restore(uint64_t saved)
{
    (void)saved;
}

#endif

#endif // UB_DSP_DENORMAL_H
