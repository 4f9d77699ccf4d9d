// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/clock.h"
#include "model/engine/thread.h"
#include "model/engine/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_WORKERS 4 // at most, when none are asked for

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static ub_engine* shared; // the first of those shared

static void
destroy(ub_engine* engine)
{
    ub_workers_stop(engine);
    sem_destroy(&engine->work);
    pthread_cond_destroy(&engine->idle);
    pthread_mutex_destroy(&engine->lock);
    ub_lineup_clear(&engine->lineup);
    free(engine);
}

static unsigned
workers_for(const ub_engine_options* options)
{
    const unsigned wanted = options->workers ? options->workers : ub_thread_cores();
    const unsigned most = options->workers ? UB_MAX_WORKERS : DEFAULT_WORKERS;
    return wanted < most ? wanted : most;
}

ub_engine*
ub_engine_new(const ub_engine_options* options, char* err, size_t err_size)
{
    ub_engine* engine = calloc(1, sizeof(ub_engine));
    if (!engine) {
        snprintf(err, err_size, "engine: out of memory");
        return NULL;
    }
    if (!ub_lineup_init(&engine->lineup, options, err, err_size)) {
        free(engine);
        return NULL;
    }
    const unsigned wanted = workers_for(options);
    engine->process = ub_thread_process();
    ub_thread_init_lock(&engine->lock);
    pthread_cond_init(&engine->idle, NULL);
    sem_init(&engine->work, 0, 0);
    ub_load_init(&engine->load, wanted);
    while (engine->n_workers < wanted &&
           ub_worker_start(&engine->workers[engine->n_workers], engine)) {
        ++engine->n_workers;
    }
    if (!engine->n_workers) {
        snprintf(err, err_size, "engine: no thread can be started (is their number limited?)");
        destroy(engine);
        return NULL;
    }
    return engine;
}

ub_engine*
ub_engine_shared(const char* processor, char* err, size_t err_size)
{
    const ub_engine_options options = {.backend = ub_lineup_ruled() ? NULL : processor};
    ub_lineup lineup;
    memset(&lineup, 0, sizeof(lineup));
    if (!ub_lineup_init(&lineup, &options, err, err_size)) {
        return NULL;
    }
    pthread_mutex_lock(&shared_lock);
    ub_engine* engine = shared;
    while (engine && (ub_engine_orphaned(engine) || !ub_lineup_same(&engine->lineup, &lineup))) {
        engine = engine->next_shared;
    }
    if (!engine && (engine = ub_engine_new(&options, err, err_size))) {
        engine->next_shared = shared;
        shared = engine;
    }
    if (engine) {
        ++engine->refs;
    }
    pthread_mutex_unlock(&shared_lock);
    ub_lineup_clear(&lineup);
    return engine;
}

// Drop a reference.  Whether it was the last one: the engine is then no longer shared.
static bool
let_go(ub_engine* engine)
{
    pthread_mutex_lock(&shared_lock);
    const bool last = engine->refs == 0 || --engine->refs == 0;
    ub_engine** link = &shared;
    while (last && *link && *link != engine) {
        link = &(*link)->next_shared;
    }
    if (last && *link) {
        *link = engine->next_shared;
    }
    pthread_mutex_unlock(&shared_lock);
    return last;
}

bool
ub_engine_orphaned(const ub_engine* engine)
{
    return engine->process != ub_thread_process();
}

void
ub_engine_free(ub_engine* engine)
{
    if (engine && !ub_engine_orphaned(engine) && let_go(engine)) {
        destroy(engine);
    }
}

unsigned
ub_engine_workers(const ub_engine* engine)
{
    return engine->n_workers;
}

const ub_backend*
ub_engine_backend(const ub_engine* engine)
{
    return atomic_load(&engine->lineup.used);
}

void
ub_engine_note(ub_engine* engine, char* text, size_t size)
{
    ub_lineup_note(&engine->lineup, text, size);
}

void
ub_engine_reason(ub_engine* engine, char* text, size_t size)
{
    ub_lineup_reason(&engine->lineup, text, size);
}

float
ub_engine_load(const ub_engine* engine)
{
    return ub_load_get(&engine->load, ub_now());
}

static void
leave_seats(ub_engine* engine, unsigned n, const ub_model* model)
{
    for (unsigned i = 0; i < n; ++i) {
        ub_seats_leave(&engine->workers[i].seats, model);
    }
}

ub_client*
ub_client_new(ub_engine* engine, const ub_model* model, const ub_client_options* options, char* err,
              size_t err_size)
{
    ub_client* client = calloc(1, sizeof(ub_client));
    if (!client) {
        snprintf(err, err_size, "engine: out of memory");
        return NULL;
    }
    client->engine = engine;
    client->work = &engine->work;
    unsigned seated = 0;
    bool ok = ub_client_init(client, model, options);
    if (!ok) {
        snprintf(err, err_size, "engine: out of memory");
    }
    while (ok && seated < engine->n_workers) {
        ok = ub_seats_take(&engine->workers[seated].seats, model, options, err, err_size);
        seated += ok;
    }
    if (!ok) {
        leave_seats(engine, seated, model);
        ub_client_clear(client);
        free(client);
        return NULL;
    }
    pthread_mutex_lock(&engine->lock);
    client->next = engine->clients;
    engine->clients = client;
    pthread_mutex_unlock(&engine->lock);
    return client;
}

void
ub_client_free(ub_client* client)
{
    if (!client) {
        return;
    }
    ub_engine* engine = client->engine;
    if (ub_engine_orphaned(engine)) {
        return; // a worker that is gone may have held the lock, or this client
    }
    pthread_mutex_lock(&engine->lock);
    while (ub_client_is_busy(client)) {
        pthread_cond_wait(&engine->idle, &engine->lock);
    }
    ub_client** link = &engine->clients;
    while (*link != client) {
        link = &(*link)->next;
    }
    *link = client->next;
    pthread_mutex_unlock(&engine->lock);
    leave_seats(engine, engine->n_workers, client->model);
    ub_client_clear(client);
    free(client);
}
