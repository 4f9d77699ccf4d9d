// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_LOAD_H
#define UB_MODEL_ENGINE_LOAD_H

/**
   @file
   The share of time that workers compute, averaged with a time constant of 1 s.
*/

#include <stdatomic.h>
#include <stdint.h>

/** Mean (16 bits), workers busy (8 bits) and time of the last change (40 bits, ms) in one
    word, so that it is read whole without a lock. */
typedef struct {
    _Atomic uint64_t state;
    unsigned workers;
} ub_load;

void ub_load_init(ub_load* load, unsigned workers);

/// So many more (or, below 0, fewer) workers are busy from now, in s, on.  One thread at a time.
void ub_load_add(ub_load* load, int busy, double now);

/// 0 to 1.  Real-time safe, any thread.
float ub_load_get(const ub_load* load, double now);

#endif // UB_MODEL_ENGINE_LOAD_H
