// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_ENGINE_H
#define UB_MODEL_ENGINE_ENGINE_H

/**
   @file
   The inference engine: worker threads that turn jobs into masks.

   One engine serves any number of streams ("clients").  Jobs are taken in order
   of deadline, several at a time where the backend gains by it.  Functions may be
   called from any thread except a real-time one; the maskers they hand out are for
   one audio thread each.
*/

#include "dsp/masker.h"
#include "model/backend/backend.h"

typedef struct ub_engine_s ub_engine;
typedef struct ub_client_s ub_client;

typedef struct {
    const char* backend; ///< Name, or NULL for the environment's UNBRAID_BACKEND, else the best
    unsigned workers;    ///< Jobs computed at a time, 0 for one per core up to 4
    const ub_backend* const* backends; ///< To choose from instead of ub_backends(), NULL at
                                       ///< the end, or NULL; must outlive the engine
} ub_engine_options;

/// A new engine.  NULL on failure, with one line in err.
ub_engine* ub_engine_new(const ub_engine_options* options, char* err, size_t err_size);

/// The engine that all plugins in this process share which choose the same processor, made
/// when first asked for.  Every successful call needs one ub_engine_free.
/// @param processor Backend, or "auto", "cpu" or "gpu"; the environment's UNBRAID_BACKEND
/// goes before it.  If that asks for a device that is not there, the processor computes.
ub_engine* ub_engine_shared(const char* processor, char* err, size_t err_size);

/// How many jobs it computes at a time
unsigned ub_engine_workers(const ub_engine* engine);

/// Drop a reference.  All of the engine's clients must be gone at the last one.
void ub_engine_free(ub_engine* engine);

/// What computes now; of several models' backends, the one made ready last.  Real-time safe.
const ub_backend* ub_engine_backend(const ub_engine* engine);

/// Copy one line for the host's log on what computes and why; "" where that is the processor, and
/// no device is there or was asked for.
void ub_engine_note(ub_engine* engine, char* text, size_t size);

/// Copy one line on how what computes was chosen.
void ub_engine_reason(ub_engine* engine, char* text, size_t size);

/// Share of its time that the workers compute, 0 to 1, averaged over about 1 s.  Real-time
/// safe, any thread.
float ub_engine_load(const ub_engine* engine);

/** Windows in a row, whose jobs all ask for the same of their window. */
typedef struct {
    ub_span span;  ///< Frames of their window
    uint32_t step; ///< Frames from one window to the next
    bool thorough; ///< As the jobs are
} ub_series;

#define UB_MAX_SERIES 8

/** What a stream's jobs will ask for at one time or another. */
typedef struct {
    ub_series at[UB_MAX_SERIES];
    uint32_t n;
} ub_series_list;

typedef struct {
    uint32_t slots;        ///< Mask sets per job, 1 to UB_MAX_SLOTS
    ub_room room;          ///< What the stream's timings need
    ub_series_list series; ///< That are prepared for, so that no first job is slow
    bool waits;            ///< Only devices are prepared: all jobs will be waited for
} ub_client_options;

/// Connect a stream.  Keeps a reference to the model.  NULL on failure, with one line in err.
ub_client* ub_client_new(ub_engine* engine, const ub_model* model, const ub_client_options* options,
                         char* err, size_t err_size);

/// False while the backend fails at this client's jobs.  Real-time safe.
bool ub_client_healthy(const ub_client* client);

/// Disconnect; waits for a job under way.  The masker is gone afterwards.
void ub_client_free(ub_client* client);

/// The client's end for the audio thread.  Owned by the client.
ub_masker* ub_client_masker(ub_client* client);

/// A model's grid in the audio side's terms
ub_grid ub_model_grid(const ub_model* model);

#endif // UB_MODEL_ENGINE_ENGINE_H
