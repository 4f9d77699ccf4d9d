// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_IMPORT_BYTES_H
#define UB_MODEL_IMPORT_BYTES_H

/**
   @file
   Reading bytes that nobody vouches for: a stretch of memory that gets shorter
   as things are taken from its front.  Whatever is not there is not taken, and
   the stretch is then of no further use.

   Numbers and messages are those of protocol buffers
   (https://protobuf.dev/programming-guides/encoding/), little endian.
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A stretch of somebody else's memory. */
typedef struct {
    const uint8_t* at;
    size_t size;
} ub_bytes;

/** A field of a message. */
typedef struct {
    uint64_t number;
    uint64_t value; ///< A varint or a fixed number, else 0
    ub_bytes part;  ///< What a field with a length holds, else empty
} ub_field;

/// Take the first `size` bytes
bool ub_take_bytes(ub_bytes* bytes, uint64_t size, ub_bytes* part);

/// Take a number of 1 to 10 bytes, 7 bits each, lowest first
bool ub_take_varint(ub_bytes* bytes, uint64_t* value);

/// Take a number of `size` bytes, at most 8
bool ub_take_fixed(ub_bytes* bytes, size_t size, uint64_t* value);

/// Take a field of a message; groups are not known
bool ub_take_field(ub_bytes* message, ub_field* field);

#endif // UB_MODEL_IMPORT_BYTES_H
