// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_LINEUP_H
#define UB_MODEL_ENGINE_LINEUP_H

/**
   @file
   The backends that an engine may use, in order, and which of them have failed.
   Internal to the engine; any thread, except a real-time one.
*/

#include "model/engine/agree.h"
#include "model/engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

#define UB_LINEUP 8   ///< Backends at most
#define UB_NOTE   256 ///< Length of a note

typedef struct {
    pthread_mutex_t lock;
    const ub_backend* list[UB_LINEUP]; ///< Those available, best first, [n]
    bool broken[UB_LINEUP];
    uint32_t n;
    bool named;    ///< The first one was asked for: others only if it fails as a device
    bool unproven; ///< The first, a device that nobody asked for, has yet to agree with the rest
    pthread_mutex_t settling;
    _Atomic(const ub_backend*) used;
    char note[UB_NOTE];
    char reason[UB_NOTE]; ///< For the choice
} ub_lineup;

/// The backend that the environment asks for, or NULL
const char* ub_lineup_ruled(void);

/// False if there is nothing to choose from, with one line in err.
bool ub_lineup_init(ub_lineup* lineup, const ub_engine_options* options, char* err,
                    size_t err_size);
void ub_lineup_clear(ub_lineup* lineup);

/// Whether two offer the same backends in the same order
bool ub_lineup_same(const ub_lineup* a, const ub_lineup* b);

/// See whether the device that nobody asked for by name works and agrees with the processor, on
/// the first model that there is.  Takes about a second that time, if there is a device.
void ub_lineup_settle(ub_lineup* lineup, const ub_model* model);

/// Copy one line on how the choice was made.
void ub_lineup_reason(ub_lineup* lineup, char* text, size_t size);

/// The best backend that has not failed or, after one, the next best; NULL if there is none
const ub_backend* ub_lineup_next(ub_lineup* lineup, const ub_backend* after);

/// A device has failed: never choose it again.
void ub_lineup_break(ub_lineup* lineup, const ub_backend* backend);
bool ub_lineup_broken(ub_lineup* lineup, const ub_backend* backend);

/// A backend is used from now on.  With `why`, say so in place of a better one.
void ub_lineup_use(ub_lineup* lineup, const ub_backend* backend, const char* why);

/// Copy the newest note, or "".
void ub_lineup_note(ub_lineup* lineup, char* text, size_t size);

#endif // UB_MODEL_ENGINE_LINEUP_H
