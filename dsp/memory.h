// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_MEMORY_H
#define UB_DSP_MEMORY_H

/**
   @file
   Memory for a real-time thread.
*/

#include <stddef.h>
#include <stdlib.h>

#define UB_PAGE 4096 ///< Bytes; the smallest there are

/// n things of that size, all 0, whose pages are there already: whoever writes them first
/// need not wait for the system.  To be freed with free.  NULL: no memory.
static inline void*
ub_touched_alloc(size_t n, size_t size)
{
    volatile char* memory = calloc(n, size);
    for (size_t i = 0; memory && i < n * size; i += UB_PAGE) {
        memory[i] = 0;
    }
    if (memory && n && size) {
        memory[n * size - 1] = 0; // which may lie a page further than the last of those
    }
    return (void*)memory;
}

#endif // UB_DSP_MEMORY_H
