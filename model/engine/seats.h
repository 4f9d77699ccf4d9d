// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_SEATS_H
#define UB_MODEL_ENGINE_SEATS_H

/**
   @file
   A worker's desks, one for each model in use, and what happens to them when a
   backend fails.  Internal to the engine.

   The list and the counts are under the engine's lock.  A seat's desk belongs to
   the worker while it has taken one of the model's clients.
*/

#include "model/engine/desk.h"
#include "model/engine/lineup.h"

typedef struct ub_seat_s ub_seat;
struct ub_seat_s {
    const ub_model* model;
    const ub_backend* backend; ///< The desk's
    ub_desk* desk;             ///< NULL if no backend is left that can run the model
    uint32_t clients;          ///< That use the model
    uint32_t slots;            ///< What the desk is warmed up for, as the first client said
    ub_series_list series;
    bool waits;  ///< Likewise: then only a device is warmed up, which shows that it works
    double took; ///< The last jobs, in the worker's processor time, s
    ub_seat* next;
};

/** Where a worker's seats are, and what they are made of. */
typedef struct {
    ub_seat* first;
    pthread_mutex_t* lock;
    ub_lineup* lineup;
} ub_seats;

/// The seat for a model, or NULL.  Under the lock.
ub_seat* ub_seats_find(const ub_seats* seats, const ub_model* model);

/// A seat for one more client.  Making one takes long and does not hold up other clients'
/// jobs: not under the lock.  False on failure, with one line in err.
bool ub_seats_take(ub_seats* seats, const ub_model* model, const ub_client_options* options,
                   char* err, size_t err_size);

/// Give one client's seat back.  Not under the lock.
void ub_seats_leave(ub_seats* seats, const ub_model* model);

/// Worker, not under the lock: give a seat whose backend has failed, there or elsewhere,
/// a desk of the next backend that works.
void ub_seat_renew(ub_seat* seat, const ub_seats* seats);

/// Worker, not under the lock: the seat's backend has failed at a job.  True if it is
/// worth trying again, with another one.
bool ub_seat_fail(ub_seat* seat, const ub_seats* seats);

#endif // UB_MODEL_ENGINE_SEATS_H
