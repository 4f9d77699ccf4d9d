// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_STUB_MASKER_H
#define UB_TESTS_STUB_MASKER_H

/**
   @file
   A masker for tests: masks from a function instead of a network, answered
   after a chosen number of frames.
*/

#include "dsp/masker.h"

#define STUB_JOBS  64
#define STUB_NEVER UINT32_MAX

typedef struct stub_masker_s stub_masker;

/// The mask of frame t under a condition, for channel c and bin b
typedef float (*stub_mask)(const stub_masker* stub, int64_t t, const float* condition, uint32_t c,
                           uint32_t b);

struct stub_masker_s {
    ub_masker masker; // first
    ub_grid grid;
    stub_mask mask;
    uint32_t limit;   // jobs there are, at most STUB_JOBS
    uint32_t delay;   // frames until an answer is there, or STUB_NEVER
    bool fails;       // answers that nothing could be computed
    float* magnitude; // of the newest frame, [channels][bins]
    int64_t newest;   // number of the newest frame, -1 before the first
    int64_t first;    // number of the first frame
    ub_job job[STUB_JOBS];
    int64_t asked_at[STUB_JOBS];         // newest frame when it was submitted
    uint32_t submitted, taken, released; // counts
    uint32_t masked;                     // jobs that asked for any mask
    uint32_t most_conditions;            // in one job, so far
};

stub_masker* stub_masker_new(const ub_grid* grid, uint32_t slots, uint32_t max_count,
                             stub_mask mask);
void stub_masker_free(stub_masker* stub);

/// 44.1 kHz, 2048/512, 1024 bins from bin 1, 4 sources
ub_grid stub_grid(uint32_t channels);

/// Mask functions
float stub_one(const stub_masker* stub, int64_t t, const float* condition, uint32_t c, uint32_t b);
float stub_garbage(const stub_masker* stub, int64_t t, const float* condition, uint32_t c,
                   uint32_t b);
float stub_first_source(const stub_masker* stub, int64_t t, const float* condition, uint32_t c,
                        uint32_t b);

#endif // UB_TESTS_STUB_MASKER_H
