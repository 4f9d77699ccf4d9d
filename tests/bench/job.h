// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_BENCH_JOB_H
#define UB_BENCH_JOB_H

/**
   @file
   Networks, what runs them, and how long that takes.  Whatever fails ends the
   program with one line on standard error.
*/

#include "model/backend/backend.h"

#define UB_BENCH_BATCH 4

/** Times of one task, ms. */
typedef struct {
    double median;
    double best; ///< What it takes when nothing else runs
} ub_timing;

/// Run a task for some seconds, at least 5 times, after warming up
ub_timing ub_measure(bool (*run)(void* context), void* context, double seconds);

/// A weights file, or random weights of networks of 128 frames: "FILTERSxBINS", or "spleeter"
/// for two of that size
const ub_model* ub_bench_model(const char* name);

/** A run of a backend. */
typedef struct {
    const ub_backend* backend;
    ub_runner* runner;
    ub_item items[UB_BENCH_BATCH]; ///< One input under different conditions
    uint32_t n;
    uint32_t first;
    uint32_t count;
} ub_job;

/// A job of all frames of one item, on random input
void ub_job_open(ub_job* job, const ub_backend* backend, const ub_model* model);

void ub_job_close(ub_job* job);

/// Run a ub_job
bool ub_job_run(void* job);

#endif // UB_BENCH_JOB_H
