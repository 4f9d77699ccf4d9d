// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_BITS_H
#define UB_DSP_BITS_H

#include <stdint.h>

/// The least power of two that is not below n
static inline uint32_t
ub_power_of_two(uint32_t n)
{
    uint32_t power = 1;
    while (power < n) {
        power *= 2;
    }
    return power;
}

#endif // UB_DSP_BITS_H
