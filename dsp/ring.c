// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/ring.h"

#include "dsp/bits.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

struct ub_ring_s {
    size_t size;
    uint32_t capacity;
    unsigned char* records;
    _Alignas(CACHE_LINE) _Atomic uint32_t written; // counts, which wrap around
    _Alignas(CACHE_LINE) _Atomic uint32_t popped;
};

ub_ring*
ub_ring_new(size_t size, uint32_t capacity)
{
    ub_ring* ring = aligned_alloc(CACHE_LINE, sizeof(ub_ring));
    if (!ring) {
        return NULL;
    }
    // A power of two, so that counts may wrap around; records keep 64-byte alignment
    const uint32_t n = ub_power_of_two(capacity);
    ring->size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    ring->capacity = n;
    ring->records = aligned_alloc(CACHE_LINE, ring->size * n);
    atomic_init(&ring->written, 0);
    atomic_init(&ring->popped, 0);
    if (!ring->records) {
        free(ring);
        return NULL;
    }
    memset(ring->records, 0, ring->size * n); // no page faults while real-time
    return ring;
}

void
ub_ring_free(ub_ring* ring)
{
    if (ring) {
        free(ring->records);
        free(ring);
    }
}

static void*
record(ub_ring* ring, uint32_t count)
{
    return ring->records + ring->size * (count & (ring->capacity - 1));
}

void*
ub_ring_write(ub_ring* ring)
{
    const uint32_t w = atomic_load_explicit(&ring->written, memory_order_relaxed);
    const uint32_t r = atomic_load_explicit(&ring->popped, memory_order_acquire);
    return w - r == ring->capacity ? NULL : record(ring, w);
}

void
ub_ring_commit(ub_ring* ring)
{
    const uint32_t w = atomic_load_explicit(&ring->written, memory_order_relaxed);
    atomic_store_explicit(&ring->written, w + 1, memory_order_release);
}

void*
ub_ring_read(ub_ring* ring)
{
    const uint32_t r = atomic_load_explicit(&ring->popped, memory_order_relaxed);
    const uint32_t w = atomic_load_explicit(&ring->written, memory_order_acquire);
    return w == r ? NULL : record(ring, r);
}

void
ub_ring_pop(ub_ring* ring)
{
    const uint32_t r = atomic_load_explicit(&ring->popped, memory_order_relaxed);
    atomic_store_explicit(&ring->popped, r + 1, memory_order_release);
}
