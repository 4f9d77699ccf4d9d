// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/worker.h"

#include "dsp/denormal.h"
#include "dsp/clock.h"
#include "model/engine/thread.h"

#include <math.h>

// How long a worker computes at real-time priority without a rest, s: where there is more to
// compute than the machine can, everything else on it must get its turn, and hosts may set a
// limit at any moment (RLIMIT_RTTIME, which counts alike; 0.2 s most often)
#define LONGEST_STINT 0.1

// Whether a job can be computed together with another one
static bool
goes_with(const ub_ticket* job, const ub_ticket* other)
{
    const ub_model* model = other->client->model;
    const ub_span a = ub_job_span(model, &job->job);
    const ub_span b = ub_job_span(model, &other->job);
    return job->client->model == model && a.first == b.first && a.count == b.count;
}

// The client whose next job is due first, or NULL.  With a job begun already, of those that go
// with it and ask for no more than so many conditions.  Under the engine's lock.
static ub_client*
most_urgent(const ub_engine* engine, const ub_ticket* with, uint32_t conditions)
{
    ub_client* best = NULL;
    double best_deadline = 0.0;
    for (ub_client* c = engine->clients; c; c = c->next) {
        const ub_ticket* head = ub_client_head(c);
        const bool fits =
            head && (!with || (goes_with(head, with) && head->job.conditions <= conditions));
        if (fits && (!best || head->deadline < best_deadline)) {
            best = c;
            best_deadline = head->deadline;
        }
    }
    return best;
}

// Begin the most urgent job and those of other clients that are worth serving with it, in order
// of deadline.  Returns how many.  Under the engine's lock.
static uint32_t
begin_jobs(ub_worker* w, ub_ticket** jobs)
{
    uint32_t n = 0;
    uint32_t most = 1;
    uint32_t conditions = 0; // that there is room for
    ub_client* c = NULL;
    while (n < most && (c = most_urgent(w->engine, n ? jobs[0] : NULL, conditions))) {
        if (!n) {
            const ub_desk* desk = ub_seats_find(&w->seats, c->model)->desk;
            most = desk ? ub_desk_batch(desk) : 1;
            conditions = desk ? ub_desk_conditions(desk) : UB_MAX_CONDITIONS;
        }
        jobs[n] = ub_client_begin(c);
        conditions -= jobs[n]->job.conditions;
        ++n;
    }
    return n;
}

static void
leave_unanswered(ub_ticket* const* jobs, uint32_t n)
{
    for (uint32_t i = 0; i < n; ++i) {
        jobs[i]->job.ok = false;
        atomic_store(&jobs[i]->client->failed, true);
    }
}

// Work for a real-time thread comes before all that is not, but never before such a thread
static void
take_rank(const ub_worker* w, const ub_seat* seat, ub_ticket* const* jobs, uint32_t n)
{
    bool urgent = false;
    for (uint32_t i = 0; i < n; ++i) {
        urgent = urgent || jobs[i]->urgent;
    }
    const double spent = ub_clock(CLOCK_THREAD_CPUTIME_ID) - w->rested;
    ub_thread_set_realtime(urgent && spent + seat->took < LONGEST_STINT);
}

// Another worker may begin the client's next job
static void
give_back(ub_engine* engine, ub_ticket* job)
{
    pthread_mutex_lock(&engine->lock);
    ub_client_let_go(job);
    if (ub_client_head(job->client)) {
        sem_post(&engine->work); // its own post may be spent
    }
    pthread_mutex_unlock(&engine->lock);
}

// Whether a job's client should be free before the job is done, even if that takes memory: where
// other workers may have the next ones and no sound card waits
static bool
should_hurry(const ub_engine* engine, const ub_ticket* job)
{
    return engine->n_workers > 1 && isinf(job->job.expiry);
}

// Some jobs, whose client, if it is one, is given back as soon as it can be: not to a device,
// which may fail, so that the window must be made again for what takes over
static bool
serve_some(ub_worker* w, const ub_seat* seat, ub_ticket* const* jobs, uint32_t n, bool alone)
{
    const bool stay = ub_desk_open(seat->desk, jobs, n);
    const bool goes = alone && !seat->backend->device;
    if (goes && (!stay || (should_hurry(w->engine, jobs[0]) && ub_desk_begin(seat->desk)))) {
        give_back(w->engine, jobs[0]);
    }
    return ub_desk_compute(seat->desk);
}

// Compute jobs; if a device fails at them, with what takes over
static void
compute(ub_worker* w, ub_seat* seat, ub_ticket* const* jobs, uint32_t n)
{
    ub_seat_renew(seat, &w->seats);
    take_rank(w, seat, jobs, n);
    const double start = ub_clock(CLOCK_THREAD_CPUTIME_ID);
    bool again = seat->desk;
    while (again) {
        bool ok = true;
        // What takes over may want fewer jobs at a time
        const uint32_t batch = ub_desk_batch(seat->desk);
        for (uint32_t i = 0; ok && i < n; i += batch) {
            ok = serve_some(w, seat, jobs + i, n - i < batch ? n - i : batch, n == 1);
        }
        again = !ok && ub_seat_fail(seat, &w->seats);
    }
    seat->took = ub_clock(CLOCK_THREAD_CPUTIME_ID) - start;
    if (!seat->desk) {
        leave_unanswered(jobs, n);
    }
}

// Under the engine's lock, which is given up meanwhile
static void
serve(ub_worker* w, ub_ticket* const* jobs, uint32_t n)
{
    ub_engine* engine = w->engine;
    ub_seat* seat = ub_seats_find(&w->seats, jobs[0]->client->model);
    ub_load_add(&engine->load, 1, ub_now());
    pthread_mutex_unlock(&engine->lock);
    compute(w, seat, jobs, n);
    pthread_mutex_lock(&engine->lock);
    ub_load_add(&engine->load, -1, ub_now());
    for (uint32_t i = 0; i < n; ++i) {
        ub_client_let_go(jobs[i]);
        ub_client_answer(jobs[i]);
    }
    pthread_cond_broadcast(&engine->idle);
}

static void*
work(void* arg)
{
    ub_worker* w = arg;
    ub_engine* engine = w->engine;
    ub_ticket* jobs[UB_DESK_JOBS];
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
        while ((n = begin_jobs(w, jobs))) {
            serve(w, jobs, n);
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
