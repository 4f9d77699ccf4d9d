// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_STUB_DEVICE_H
#define UB_TESTS_STUB_DEVICE_H

/**
   @file
   A device made up for tests: its runs may wait at a gate, and are recorded then, and it
   can be full or be lost.  There is one, for models of 2 channels, 16 frames and 128 bins.
*/

#include "model/backend/backend.h"

#include <semaphore.h>
#include <stdatomic.h>

#define STUB_FRAMES 16
#define STUB_FRAME  256 ///< Values in one frame
#define STUB_BATCH  4
#define STUB_RUNS   64 ///< Recorded at most

struct ub_trail_s {
    uint32_t step;
    uint32_t conditions;
};

typedef struct {
    sem_t gate;         // one post lets one run pass
    sem_t arrived;      // one post a run at the gate
    atomic_bool gated;  // whether there is a gate
    atomic_bool lost;   // runs fail
    atomic_bool full;   // it takes no more models
    atomic_int busy;    // ms that runs keep their thread's processor busy for
    atomic_int runs;    // that have come to the gate
    atomic_int runners; // there are
    atomic_int trails;  // there are
    uint32_t batch[STUB_RUNS];
    ub_trail* trail[STUB_RUNS]; // of the first window
    int64_t start[STUB_RUNS];
    bool offline[STUB_RUNS];
    int policy[STUB_RUNS]; // of the thread that ran it
    int priority[STUB_RUNS];
    float tag[STUB_RUNS][STUB_BATCH]; // input of each window's newest frame, which says whose
} stub_device_state;

extern stub_device_state stub_device;
extern const ub_backend stub_device_backend;

/// Its run() in two parts, for a backend that has them: all is done in the second.
bool stub_device_begin(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first,
                       uint32_t count);
bool stub_device_finish(ub_runner* self);

/// As new: no gate, nothing lost.
void stub_device_reset(void);

#endif // UB_TESTS_STUB_DEVICE_H
