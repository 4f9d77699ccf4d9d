// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_FILE_HALF_H
#define UB_MODEL_FILE_HALF_H

/**
   @file
   Floats from their bits and from the two 16-bit formats.
*/

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline float
ub_float_from_bits(uint32_t bits)
{
    float x = 0.0f;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/// bfloat16: the upper half of a float
static inline float
ub_float_from_bf16(uint16_t bits)
{
    return ub_float_from_bits((uint32_t)bits << 16);
}

/// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 mantissa bits
static inline float
ub_float_from_f16(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000U) << 16;
    const uint32_t exponent = bits >> 10 & 0x1FU;
    const uint32_t mantissa = bits & 0x3FFU;
    if (exponent == 0) { // zero or subnormal: mantissa * 2^-24, exact in float
        const float size = (float)mantissa * 0x1p-24f;
        return sign ? -size : size;
    }
    const uint32_t wide = exponent == 31 ? 255U : exponent + (127U - 15U);
    return ub_float_from_bits(sign | wide << 23 | mantissa << 13);
}

/// The other way.  False for a float that is no binary16 number.
static inline bool
ub_f16_from_float(float x, uint16_t* bits)
{
    const float size = x < 0.0f ? -x : x;
    uint32_t wide = 0;
    if (size < 0x1p-14f) { // zero or subnormal
        *bits = (uint16_t)(size * 0x1p24f);
    } else {
        memcpy(&wide, &size, sizeof(wide));
        *bits = (uint16_t)((wide >> 13) - ((127U - 15U) << 10));
    }
    memcpy(&wide, &x, sizeof(wide));
    *bits |= (uint16_t)(wide >> 16 & 0x8000U);
    return size < 65536.0f && ub_float_from_f16(*bits) == x;
}

#endif // UB_MODEL_FILE_HALF_H
