// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_BACKEND_H
#define UB_MODEL_BACKEND_BACKEND_H

/**
   @file
   What runs a network: the interface that every backend implements.
*/

#include "model/network/model.h"

/** What a backend keeps of a stream's last windows, to compute only what is new in
    the next one.  Used by one thread at a time. */
typedef struct ub_trail_s ub_trail;

/** One pass of the network: a window under one condition. */
typedef struct {
    const float* input;      ///< Network input, [channels][frames][bins]
    const ub_folded* folded; ///< The condition
    float* mask;             ///< Answer, [channels][count][bins], for the run's frames
    ub_trail* trail;         ///< The stream's, or NULL
    int64_t start;           ///< Number of the window's first frame in its stream.  Under
                             ///< one trail a frame of one number is always the same.
    bool offline;            ///< No sound card waits for it: others' may go first
} ub_item;

/** A network made ready to run.  Used by one thread at a time. */
typedef struct ub_runner_s ub_runner;

typedef struct {
    const char* name;
    const char* about; ///< One line for people

    /// Whether this machine can run it
    bool (*available)(void);

    /// Make a network ready.  Keeps a reference to the model.  All memory that
    /// run() needs is allocated here.  NULL on failure with one line in err.
    ub_runner* (*create)(const ub_model* model, char* err, size_t err_size);

    /// Compute frames first to first + count - 1 of each item's mask.  False if
    /// the device failed.  The first run with new `first` and `count`, or with more
    /// items, makes ready for them, which takes memory and some ms; all others
    /// allocate nothing.
    bool (*run)(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count);

    /// run() in two parts, the first of which is done with the items' trails, so that another
    /// runner may compute the stream's next windows during the second.  Items stay where they
    /// are until then.  After a begin() that fails there is no finish().  NULL, both, where
    /// nothing is gained by it.
    bool (*begin)(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first,
                  uint32_t count);
    bool (*finish)(ub_runner* self);

    void (*destroy)(ub_runner* self);

    /// A trail for a stream whose windows each begin `step` frames after the one
    /// before, under that many conditions at a time.  Any runner of this backend and
    /// model may use it, in turns.  NULL if it would gain nothing, or without memory;
    /// a backend that has none sets no function.
    ub_trail* (*trail_new)(const ub_model* model, uint32_t step, uint32_t conditions);

    void (*trail_free)(ub_trail* trail);

    /// Windows of different streams that one run gains by taking together; 0 for none
    uint32_t batch;

    /// Whether it runs on a device that may be lost: once a run has failed it is not
    /// tried again, and a backend that is none takes over.
    bool device;

    /// Why the last run failed, one line; NULL, or no function, if there is no more to say
    const char* (*fault)(const ub_runner* self);
} ub_backend;

/// All backends in this build, best first, NULL at the end
const ub_backend* const* ub_backends(void);

/// The backend of that name, or the best available one for "auto" or NULL, or the best
/// one that runs on a device ("gpu") or on none ("cpu").
/// NULL on failure, with one line in err that lists the names there are.
const ub_backend* ub_backend_find(const char* name, char* err, size_t err_size);

#endif // UB_MODEL_BACKEND_BACKEND_H
