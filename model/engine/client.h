// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_CLIENT_H
#define UB_MODEL_ENGINE_CLIENT_H

/**
   @file
   One stream's side of the engine: queues to and from the audio thread, and the
   newest frames.  Internal to the engine.

   The audio thread owns the free jobs; a submitted job belongs to the worker that has begun
   it, until it is answered.  Jobs are begun one after the other: whoever begins one takes the
   client, and gives it back when the job's window has been made, or, where windows are computed
   from what the last one left, when that is no longer needed, or the job is answered.  So several
   workers may compute jobs of one client, which are answered in the order in which they were begun.
*/

#include "dsp/ring.h"
#include "model/engine/engine.h"

#include <semaphore.h>
#include <stdatomic.h>

typedef struct {
    ub_job job; // first, so that a job's address is its ticket's
    ub_client* client;
    double deadline; // when the answer is needed, as by ub_now
    double expiry;   // when it is of no use any more
    bool urgent;     // asked for by a real-time thread, which goes on without the answer
    bool has_client; // under the engine's lock: no other job of the client is begun
    bool done;       // likewise: to be answered when those begun before it are
    uint32_t room;   // frames of masks that it holds, and those left unused before them
} ub_ticket;

struct ub_client_s {
    ub_masker masker; // first, so that a masker's address is its client's
    ub_engine* engine;
    const ub_model* model;
    size_t mask_size; // channels * bins

    // Audio thread
    ub_room room;
    ub_ticket* tickets; // [room.jobs]
    uint8_t* which;     // [room.jobs][slots * room.max_count], the tickets'
    ub_ticket** free;   // [room.jobs]
    uint32_t n_free;
    uint32_t under_way;  // submitted and not collected
    float* masks;        // [room.mask_frames][slots * mask_size], room for the jobs' masks
    uint32_t masks_head; // where the next job's begin
    uint32_t masks_held; // up to there

    // Between the threads
    ub_ring* frames;   // audio thread to worker: int64_t number, float [mask_size]
    ub_ring* asked;    // audio thread to worker: ub_ticket*
    ub_ring* answered; // worker to audio thread: ub_ticket*
    sem_t answers;     // one post an answer
    sem_t* work;       // the engine's, one post a job
    atomic_bool failed;
    atomic_bool waited_for; // whoever asks waits, at least from now on: nothing expires

    // Under the engine's lock
    ub_client* next;
    bool taken;
    ub_ticket** begun; // [room.jobs], jobs under way, from the first one on and round again
    uint32_t first_begun;
    uint32_t n_begun;

    // Worker that has taken the client
    int64_t* number;       // [frames] which frame each row of history is
    float* history;        // [frames][channels][bins] network input
    ub_series_list series; // that jobs may belong to
    ub_trail* trail;       // what a backend keeps of the last windows, or NULL
    const ub_backend* trail_backend;
    uint32_t trail_step; // what the trail was made for
};

/// Set up the client's own part, which is zero.  False: no memory.
bool ub_client_init(ub_client* client, const ub_model* model, const ub_client_options* options);
void ub_client_clear(ub_client* client);

/// The oldest job not yet begun, or NULL if there is none, or the client is taken.  Under the
/// engine's lock, as the next four.
ub_ticket* ub_client_head(ub_client* client);

/// Take the client to begin its head.
ub_ticket* ub_client_begin(ub_client* client);

/// A job no longer needs the client, if it still has it.
void ub_client_let_go(ub_ticket* ticket);

/// A job is done: answer it, and what comes after it and was done before.
void ub_client_answer(ub_ticket* ticket);

/// Whether a worker has anything of the client's.
bool ub_client_is_busy(const ub_client* client);

/// Worker: take in the frames up to frame `end`.
void ub_client_take_frames(ub_client* client, int64_t end);

/// Worker: write a job's window of the frames taken in, [channels][frames][bins].
void ub_client_window(const ub_client* client, const ub_job* job, float* window);

/// Frames from window to window of jobs that ask for a span, 0 if that is not known.
uint32_t ub_client_step(const ub_client* client, const ub_span* span);

/// Worker: let go of the trail, if there is one.
void ub_client_drop_trail(ub_client* client);

#endif // UB_MODEL_ENGINE_CLIENT_H
