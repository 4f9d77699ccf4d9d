// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_DESK_H
#define UB_MODEL_ENGINE_DESK_H

/**
   @file
   What one worker thread needs to answer jobs: a network made ready to run,
   folded conditions and buffers.  Used by one thread at a time.
*/

#include "model/engine/client.h"

#define UB_DESK_JOBS 16 ///< Jobs served together at most

typedef struct ub_desk_s ub_desk;

/// A worker's desk for one model.  NULL on failure, with one line in err.
ub_desk* ub_desk_new(const ub_backend* backend, const ub_model* model, char* err, size_t err_size);

/// Run what clients will ask for once, on silence: backends prepare the sizes that they
/// are asked for when they first are, which takes longer than a live stream can wait.
/// Before a worker uses the desk.  False if the backend fails.
bool ub_desk_warm_up(ub_desk* desk, uint32_t slots, const ub_series_list* series);

void ub_desk_free(ub_desk* desk);

/// How many jobs the backend gains by serving together, at least 1
uint32_t ub_desk_batch(const ub_desk* desk);

/// How many conditions, of all the jobs served together, there is room for
uint32_t ub_desk_conditions(const ub_desk* desk);

/// Why the backend failed, or NULL if it does not say
const char* ub_desk_fault(const ub_desk* desk);

/// The frames of its window that a job asks for
ub_span ub_job_span(const ub_model* model, const ub_job* job);

/// Make the windows of n jobs, which ask for the same span, of clients that are taken.  Returns
/// whether those must stay so until the jobs are computed.
bool ub_desk_open(ub_desk* desk, ub_ticket* const* jobs, uint32_t n);

/// Compute the part of the jobs that are open which their clients must stay taken for.  Returns
/// whether that was done, so that they need not any more; else all is left to ub_desk_compute().
bool ub_desk_begin(ub_desk* desk);

/// Compute the masks of the jobs that are open, or what is left to do for them, except those that
/// would come too late.  False if the backend failed.
bool ub_desk_compute(ub_desk* desk);

#endif // UB_MODEL_ENGINE_DESK_H
