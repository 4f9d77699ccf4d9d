// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/worker.h"

#include "dsp/denormal.h"
#include "dsp/clock.h"
#include "model/engine/thread.h"

// How long a worker computes at real-time priority without a rest, s: where there is more to
// compute than the machine can, everything else on it must get its turn, and hosts may set a
// limit at any moment (RLIMIT_RTTIME, which counts alike; 0.2 s most often)
#define LONGEST_STINT 0.1

// Whether a client's job can be computed together with another one's
static bool
goes_with(const ub_client* client, const ub_job* job, const ub_client* other)
{
    const ub_job* lead = &other->taken->job;
    const ub_span a = ub_job_span(client->model, job);
    const ub_span b = ub_job_span(other->model, lead);
    return client->model == other->model && a.first == b.first && a.count == b.count;
}

// The client whose next job is due first, or NULL.  With a client taken already, of those
// that go with it and ask for no more than so many conditions.  Under the engine's lock.
static ub_client*
most_urgent(const ub_engine* engine, const ub_client* with, uint32_t conditions)
{
    ub_client* best = NULL;
    double best_deadline = 0.0;
    for (ub_client* c = engine->clients; c; c = c->next) {
        const ub_ticket* head = c->taken ? NULL : ub_client_head(c);
        const bool fits =
            head &&
            (!with || (goes_with(c, &head->job, with) && head->job.conditions <= conditions));
        if (fits && (!best || head->deadline < best_deadline)) {
            best = c;
            best_deadline = head->deadline;
        }
    }
    return best;
}

// Take the most urgent client and those that are worth serving with it, in order of
// deadline.  Returns how many.  Under the engine's lock.
static uint32_t
take_clients(ub_worker* w, ub_client** clients)
{
    uint32_t n = 0;
    uint32_t most = 1;
    uint32_t conditions = 0; // that there is room for
    ub_client* c = NULL;
    while (n < most && (c = most_urgent(w->engine, n ? clients[0] : NULL, conditions))) {
        if (!n) {
            const ub_desk* desk = ub_seats_find(&w->seats, c->model)->desk;
            most = desk ? ub_desk_batch(desk) : 1;
            conditions = desk ? ub_desk_conditions(desk) : UB_MAX_CONDITIONS;
        }
        c->taken = ub_client_head(c);
        conditions -= c->taken->job.conditions;
        clients[n++] = c;
    }
    return n;
}

static void
leave_unanswered(ub_client* const* clients, uint32_t n)
{
    for (uint32_t i = 0; i < n; ++i) {
        clients[i]->taken->job.ok = false;
        atomic_store(&clients[i]->failed, true);
    }
}

// Work for a real-time thread comes before all that is not, but never before such a thread
static void
take_rank(const ub_worker* w, const ub_seat* seat, ub_client* const* clients, uint32_t n)
{
    bool urgent = false;
    for (uint32_t i = 0; i < n; ++i) {
        urgent = urgent || clients[i]->taken->urgent;
    }
    const double spent = ub_clock(CLOCK_THREAD_CPUTIME_ID) - w->rested;
    ub_thread_set_realtime(urgent && spent + seat->took < LONGEST_STINT);
}

// Compute the taken clients' jobs; if a device fails at them, with what takes over
static void
compute(ub_worker* w, ub_seat* seat, ub_client* const* clients, uint32_t n)
{
    ub_seat_renew(seat, &w->seats);
    take_rank(w, seat, clients, n);
    const double start = ub_clock(CLOCK_THREAD_CPUTIME_ID);
    bool again = seat->desk;
    while (again) {
        bool ok = true;
        // What takes over may want fewer jobs at a time
        const uint32_t batch = ub_desk_batch(seat->desk);
        for (uint32_t i = 0; ok && i < n; i += batch) {
            ok = ub_desk_serve(seat->desk, clients + i, n - i < batch ? n - i : batch);
        }
        again = !ok && ub_seat_fail(seat, &w->seats);
    }
    seat->took = ub_clock(CLOCK_THREAD_CPUTIME_ID) - start;
    if (!seat->desk) {
        leave_unanswered(clients, n);
    }
}

// Under the engine's lock, which is given up meanwhile
static void
serve(ub_worker* w, ub_client* const* clients, uint32_t n)
{
    ub_engine* engine = w->engine;
    ub_seat* seat = ub_seats_find(&w->seats, clients[0]->model);
    ub_load_add(&engine->load, 1, ub_now());
    pthread_mutex_unlock(&engine->lock);
    compute(w, seat, clients, n);
    pthread_mutex_lock(&engine->lock);
    ub_load_add(&engine->load, -1, ub_now());
    for (uint32_t i = 0; i < n; ++i) {
        ub_client_answer(clients[i]);
        clients[i]->taken = NULL;
    }
    pthread_cond_broadcast(&engine->idle);
}

static void*
work(void* arg)
{
    ub_worker* w = arg;
    ub_engine* engine = w->engine;
    ub_client* clients[UB_DESK_JOBS];
    ub_denormals_off(); // fading sound must not slow the network
    bool quit = false;
    while (!quit) {
        // At the priority it has: who waits with an ordinary one comes late on a busy machine
        sem_wait(&engine->work);
        w->rested = ub_clock(CLOCK_THREAD_CPUTIME_ID);
        pthread_mutex_lock(&engine->lock);
        // A job may wait behind another of its client after its post is spent:
        // go on until there is nothing left to take
        uint32_t n = 0;
        while ((n = take_clients(w, clients))) {
            serve(w, clients, n);
        }
        quit = engine->quit;
        pthread_mutex_unlock(&engine->lock);
    }
    return NULL;
}

bool
ub_worker_start(ub_worker* w, ub_engine* engine)
{
    w->engine = engine;
    w->seats.lock = &engine->lock;
    w->seats.lineup = &engine->lineup;
    return ub_thread_start(&w->thread, work, w);
}

void
ub_workers_stop(ub_engine* engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->quit = true;
    pthread_mutex_unlock(&engine->lock);
    for (unsigned i = 0; i < engine->n_workers; ++i) {
        sem_post(&engine->work);
    }
    for (unsigned i = 0; i < engine->n_workers; ++i) {
        pthread_join(engine->workers[i].thread, NULL);
    }
}
