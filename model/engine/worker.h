// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_WORKER_H
#define UB_MODEL_ENGINE_WORKER_H

/**
   @file
   The engine's inside, and the threads that serve its clients.  Internal to the
   engine.
*/

#include "model/engine/load.h"
#include "model/engine/seats.h"

#define UB_MAX_WORKERS 8

typedef struct {
    ub_engine* engine;
    pthread_t thread;
    ub_seats seats;
    double rested; // when it last had nothing to do, in its processor time, s
} ub_worker;

struct ub_engine_s {
    ub_lineup lineup;
    unsigned process; // whose threads these are
    unsigned n_workers;
    ub_worker workers[UB_MAX_WORKERS];
    sem_t work; // one post a job, and one a worker to quit
    pthread_mutex_t lock;
    pthread_cond_t idle; // a client is no longer taken
    ub_client* clients;
    ub_load load;
    bool quit;
    ub_engine* next_shared; // under the shared engines' own lock, as the next
    unsigned refs;          // of a shared engine, else 0
};

/// Whether this is a child after fork(), where the workers are gone.  Nothing is answered any
/// more, and what the child has of the engine and its clients is left as it is.  Real-time safe.
bool ub_engine_orphaned(const ub_engine* engine);

/// Start a worker's thread.  False if there can be no more.
bool ub_worker_start(ub_worker* worker, ub_engine* engine);

/// Let all workers finish what they are at and end.
void ub_workers_stop(ub_engine* engine);

#endif // UB_MODEL_ENGINE_WORKER_H
