// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_LEVEL_H
#define UB_MODEL_CONV_LEVEL_H

/**
   @file
   Which of the processor's instructions are used.

   kernel.c and pixels.c are compiled once for each level.  The best one that the processor has is
   chosen once in a process; the environment's UNBRAID_CPU chooses a lesser one.
*/

#include "model/conv/kernel.h"

/// The level in use: "plain", "avx2" or "avx512".  NULL, with one line in err, if UNBRAID_CPU
/// names none that there is here: nothing should be computed then.
const char* ub_level(char* err, size_t err_size);

/// The names of those that this processor has, [n], "plain" first.  Returns n.
#define UB_LEVELS 3
unsigned ub_levels(const char* names[UB_LEVELS]);

/** What kernel.c gives.  See kernel.h. */
typedef struct {
    void (*multiply)(const ub_conv_product* product);
    void (*transform)(const float* const d[6], uint32_t n, float* const v[6]);
    void (*back)(const float* const m[6], uint32_t n, float* const y[4]);
    void (*add_scaled)(float weight, const float* x, size_t n, float* sums);
} ub_kernels;

/** What pixels.c gives.  See pixels.h. */
typedef struct {
    void (*from_planes)(const float* planes, uint32_t channels, size_t pixels, float* out);
    void (*finish)(const ub_finish* finish, const float* raw, size_t raw_step, float* out,
                   size_t out_step, size_t n);
    void (*finish_four)(const ub_finish* finish, const float* const raw[4], float* const out[4]);
    void (*finish_plane)(const ub_finish* finish, uint32_t channel, const float* raw,
                         size_t raw_step, float* out, size_t out_step, size_t n);
} ub_pixels;

/// UB_LEVEL(name): the name of one level's; the Makefile says of which
#define UB_JOIN(name, level)   name##_##level
#define UB_JOINED(name, level) UB_JOIN(name, level)

extern const ub_kernels ub_kernels_plain, ub_kernels_avx2, ub_kernels_avx512;
extern const ub_pixels ub_pixels_plain, ub_pixels_avx2, ub_pixels_avx512;

#endif // UB_MODEL_CONV_LEVEL_H
