// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/bytes.h"

bool
ub_take_bytes(ub_bytes* bytes, uint64_t size, ub_bytes* part)
{
    if (size > bytes->size) {
        return false;
    }
    part->at = bytes->at;
    part->size = (size_t)size;
    bytes->at += (size_t)size;
    bytes->size -= (size_t)size;
    return true;
}

bool
ub_take_varint(ub_bytes* bytes, uint64_t* value)
{
    *value = 0;
    for (unsigned shift = 0; bytes->size && shift < 64; shift += 7) {
        const uint8_t byte = *bytes->at++;
        --bytes->size;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            return shift < 63 || byte < 2; // The tenth byte has room for one bit
        }
    }
    return false;
}

bool
ub_take_fixed(ub_bytes* bytes, size_t size, uint64_t* value)
{
    ub_bytes part;
    if (!ub_take_bytes(bytes, size, &part)) {
        return false;
    }
    *value = 0;
    while (size) {
        *value = *value << 8 | part.at[--size];
    }
    return true;
}

bool
ub_take_field(ub_bytes* message, ub_field* field)
{
    uint64_t tag = 0;
    uint64_t length = 0;
    field->value = 0;
    field->part = (ub_bytes){message->at, 0};
    if (!ub_take_varint(message, &tag)) {
        return false;
    }
    field->number = tag >> 3;
    switch (tag & 7) {
    case 0:
        return ub_take_varint(message, &field->value);
    case 1:
        return ub_take_fixed(message, 8, &field->value);
    case 2:
        return ub_take_varint(message, &length) && ub_take_bytes(message, length, &field->part);
    case 5:
        return ub_take_fixed(message, 4, &field->value);
    default:
        return false;
    }
}
