// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/gpu/standin/standin.h"

#include "model/file/half.h"

size_t
standin_size(cudnnDataType_t type)
{
    return type == CUDNN_DATA_FLOAT ? sizeof(float) : sizeof(uint16_t);
}

static uint32_t
bits_of(float x)
{
    uint32_t bits = 0;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

/// To nearest, ties to even
static uint16_t
to_bf16(float x)
{
    const uint32_t bits = bits_of(x);
    return (uint16_t)((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

/// The same; beyond the greatest value, infinity
static uint16_t
to_f16(float x)
{
    const uint32_t sign = bits_of(x) >> 16 & 0x8000U;
    const uint32_t size = bits_of(x) & 0x7FFFFFFFU;
    if (size >= 0x47800000U) { // 65536, and not a number
        return (uint16_t)(sign | (size > 0x7F800000U ? 0x7E00U : 0x7C00U));
    }
    if (size < 0x38800000U) { // 2^-14: subnormal, in steps of 2^-24, which adding 0.5 rounds to
        float small = 0.0f;
        memcpy(&small, &size, sizeof(small));
        return (uint16_t)(sign | (bits_of(small + 0.5f) - bits_of(0.5f)));
    }
    return (uint16_t)(sign | (size - 0x38000000U + 0xFFFU + (size >> 13 & 1U)) >> 13);
}

float
standin_get(cudnnDataType_t type, const void* values, size_t i)
{
    return type == CUDNN_DATA_BFLOAT16 ? ub_float_from_bf16(((const uint16_t*)values)[i])
           : type == CUDNN_DATA_HALF   ? ub_float_from_f16(((const uint16_t*)values)[i])
                                       : ((const float*)values)[i];
}

void
standin_put(cudnnDataType_t type, void* values, size_t i, float x)
{
    if (type == CUDNN_DATA_BFLOAT16) {
        ((uint16_t*)values)[i] = to_bf16(x);
    } else if (type == CUDNN_DATA_HALF) {
        ((uint16_t*)values)[i] = to_f16(x);
    } else {
        ((float*)values)[i] = x;
    }
}
