// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/crc32c.h"

uint32_t
ub_masked_crc32c(ub_bytes bytes)
{
    uint32_t table[256]; // Made anew each time: next to nothing beside the bytes of a tensor
    for (uint32_t i = 0; i < 256; ++i) {
        table[i] = i;
        for (unsigned bit = 0; bit < 8; ++bit) {
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82F63B78U : 0);
        }
    }
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.size; ++i) {
        crc = crc >> 8 ^ table[(crc ^ bytes.at[i]) & 0xFF];
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xA282EAD8U;
}
