// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_SEPARATOR_RIG_H
#define UB_TESTS_SEPARATOR_RIG_H

/**
   @file
   A separator with masks from a function, and its input and output.
*/

#include "dsp/schedule.h"
#include "tests/unit/stub_masker.h"

#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define MAX_COUNT    64
#define MAX_CHANNELS (UB_MAX_OUTPUTS * UB_MAX_CHANNELS)
#define TIMINGS      6
#define RATES        12

extern const ub_timing timings[TIMINGS];
extern const double rates[RATES];

/* A stub, a separator and their buffers, [channels][n] */
typedef struct {
    stub_masker* stub;
    ub_separator* separator;
    uint32_t channels, outputs, n;
    float* in[UB_MAX_CHANNELS];
    float* out[MAX_CHANNELS];
} rig;

/* What an output plays through the slot of its number: dry + wet * mask */
typedef struct {
    float condition[UB_MAX_SOURCES];
    float dry, wet;
} setting;

void set(ub_separator* separator, uint32_t output, setting s);

/* With slots that have no conditions and outputs that have no rows */
rig make_matrix(double rate, uint32_t timing, uint32_t slots, uint32_t outputs, uint32_t n,
                stub_mask mask);

/* Each output plays what a slot of its own is asked for */
rig make_rig(double rate, uint32_t timing, uint32_t outputs, uint32_t n, stub_mask mask);
void free_rig(rig* r);

void run_part(rig* r, uint32_t from, uint32_t n);

/* Blocks of the given length, or of random lengths for 0 */
void run_blocks(rig* r, uint32_t block);

uint32_t latency(const rig* r);
void assert_finite(const rig* r);

/* A mask that is another at each frame, bin and channel */
float wavy(const stub_masker* stub, int64_t t, const float* condition, uint32_t c, uint32_t b);

#endif // UB_TESTS_SEPARATOR_RIG_H
