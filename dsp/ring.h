// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_RING_H
#define UB_DSP_RING_H

/**
   @file
   A queue of records of one size from one writing thread to one reading thread.
   Wait-free: each end does one atomic load of the other's count and one store
   of its own.  Records are written and read in place.
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ub_ring_s ub_ring;

/// A ring that holds `capacity` records of `size` bytes.  NULL: no memory.
ub_ring* ub_ring_new(size_t size, uint32_t capacity);
void ub_ring_free(ub_ring* ring);

/// Writer: room for the next record, or NULL if the ring is full.
void* ub_ring_write(ub_ring* ring);

/// Writer: make the record from ub_ring_write visible to the reader.
void ub_ring_commit(ub_ring* ring);

/// Reader: the oldest record, or NULL if there is none.
void* ub_ring_read(ub_ring* ring);

/// Reader: give the record from ub_ring_read back to the writer.
void ub_ring_pop(ub_ring* ring);

#endif // UB_DSP_RING_H
