// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_DESK_H
#define UB_MODEL_DESK_H

/**
   @file
   What one worker thread needs to answer a job: networks made ready to run,
   folded conditions and buffers.  Used by one thread at a time.
*/

#include "model/client.h"

typedef struct ub_desk_s ub_desk;

/// A worker's desk for one model, whose jobs it will compute with so many threads.
/// NULL on failure, with one line in err.
ub_desk* ub_desk_new(const ub_backend* backend, unsigned threads, const ub_model* model, char* err,
                     size_t err_size);

/// Run what a client will ask for once, on silence: backends prepare the sizes that they
/// are asked for when they first are, which takes longer than a live stream can wait.
/// Before a worker uses the desk.  False if the backend fails.
bool ub_desk_warm_up(ub_desk* desk, const ub_client_options* options);

void ub_desk_free(ub_desk* desk);

const ub_model* ub_desk_model(const ub_desk* desk);

/// Compute the masks of a client's head job, unless they would come too late.
void ub_desk_serve(ub_desk* desk, ub_client* client, ub_ticket* ticket);

#endif // UB_MODEL_DESK_H
