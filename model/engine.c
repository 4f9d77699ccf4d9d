// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/denormal.h"
#include "model/desk.h"

#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_WORKERS 8
#define DEFAULT_WORKERS 4 // at most, when none are asked for

typedef struct seat_s seat;
struct seat_s {
    ub_desk* desk;
    uint32_t clients; // that use the desk's model
    seat* next;
};

typedef struct {
    ub_engine* engine;
    pthread_t thread;
    seat* seats; // one desk for each model in use
} worker;

struct ub_engine_s {
    const ub_backend* backend;
    unsigned threads;
    unsigned n_workers;
    worker workers[MAX_WORKERS];
    sem_t work; // one post a job, and one a worker to quit
    pthread_mutex_t lock;
    pthread_cond_t idle; // a client is no longer taken
    ub_client* clients;
    bool quit;
    unsigned refs; // of the shared engine, under shared_lock
};

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static ub_engine* shared;

static seat* find_seat(worker* w, const ub_model* model)
{
    seat* s = w->seats;
    while (s && ub_desk_model(s->desk) != model) {
        s = s->next;
    }
    return s;
}

// The client whose next job is due first, or NULL
static ub_client* most_urgent(ub_engine* engine)
{
    ub_client* best = NULL;
    double best_deadline = 0.0;
    for (ub_client* c = engine->clients; c; c = c->next) {
        const ub_ticket* head = c->taken ? NULL : ub_client_head(c);
        if (head && (!best || head->deadline < best_deadline)) {
            best = c;
            best_deadline = head->deadline;
        }
    }
    return best;
}

// Under the engine's lock, which is given up meanwhile
static void serve(ub_engine* engine, worker* w, ub_client* client)
{
    seat* s = find_seat(w, client->model);
    client->taken = true;
    ub_ticket* head = ub_client_head(client);
    pthread_mutex_unlock(&engine->lock);
    ub_desk_serve(s->desk, client, head);
    pthread_mutex_lock(&engine->lock);
    ub_client_answer(client);
    client->taken = false;
    pthread_cond_broadcast(&engine->idle);
}

static void* work(void* arg)
{
    worker* w = arg;
    ub_engine* engine = w->engine;
    omp_set_num_threads((int)engine->threads); // of this thread's own teams only
    ub_denormals_off();                        // fading sound must not slow the network
    bool quit = false;
    while (!quit) {
        sem_wait(&engine->work);
        pthread_mutex_lock(&engine->lock);
        // A job may wait behind another of its client after its post is spent:
        // go on until there is nothing left to take
        ub_client* client = NULL;
        while ((client = most_urgent(engine))) {
            serve(engine, w, client);
        }
        quit = engine->quit;
        pthread_mutex_unlock(&engine->lock);
    }
    return NULL;
}

// Workers take no signals, which are the host's, and do not inherit the
// real-time priority that the thread which makes the engine may have
static bool start(worker* w)
{
    sigset_t all;
    sigset_t old;
    pthread_attr_t attr;
    const struct sched_param normal = {0};
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
    pthread_attr_setschedparam(&attr, &normal);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const bool ok = !pthread_create(&w->thread, &attr, work, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return ok;
}

static unsigned cores(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 1 ? (unsigned)n : 1;
}

static void stop_workers(ub_engine* engine)
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

static void destroy(ub_engine* engine)
{
    stop_workers(engine);
    sem_destroy(&engine->work);
    pthread_cond_destroy(&engine->idle);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
}

ub_engine* ub_engine_new(const ub_engine_options* options, char* err, size_t err_size)
{
    const char* name = options->backend ? options->backend : getenv("UNBRAID_BACKEND");
    const ub_backend* backend = ub_backend_find(name, err, err_size);
    if (!backend) {
        return NULL;
    }
    ub_engine* engine = calloc(1, sizeof(ub_engine));
    if (!engine) {
        snprintf(err, err_size, "engine: out of memory");
        return NULL;
    }
    engine->backend = backend;
    engine->threads = options->threads ? options->threads : 1;
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->idle, NULL);
    sem_init(&engine->work, 0, 0);
    unsigned wanted = options->workers ? options->workers : cores();
    const unsigned most = options->workers ? MAX_WORKERS : DEFAULT_WORKERS;
    wanted = wanted < most ? wanted : most;
    while (engine->n_workers < wanted) {
        worker* w = &engine->workers[engine->n_workers];
        w->engine = engine;
        if (!start(w)) {
            snprintf(err, err_size, "engine: no more threads");
            destroy(engine);
            return NULL;
        }
        ++engine->n_workers;
    }
    return engine;
}

ub_engine* ub_engine_shared(char* err, size_t err_size)
{
    const ub_engine_options options = {.threads = 1};
    pthread_mutex_lock(&shared_lock);
    if (!shared) {
        shared = ub_engine_new(&options, err, err_size);
    }
    if (shared) {
        ++shared->refs;
    }
    ub_engine* engine = shared;
    pthread_mutex_unlock(&shared_lock);
    return engine;
}

void ub_engine_free(ub_engine* engine)
{
    if (!engine) {
        return;
    }
    pthread_mutex_lock(&shared_lock);
    const bool last = engine != shared || --engine->refs == 0;
    if (last && engine == shared) {
        shared = NULL;
    }
    pthread_mutex_unlock(&shared_lock);
    if (last) {
        destroy(engine);
    }
}

const ub_backend* ub_engine_backend(const ub_engine* engine)
{
    return engine->backend;
}

// A desk for the model on every worker.  Making one takes long and must not hold
// up other clients' jobs, so it is made outside the lock.
static bool take_seat(ub_engine* engine, worker* w, const ub_model* model,
                      const ub_client_options* options, char* err, size_t err_size)
{
    pthread_mutex_lock(&engine->lock);
    seat* s = find_seat(w, model);
    if (s) {
        ++s->clients;
    }
    pthread_mutex_unlock(&engine->lock);
    if (s) {
        return true;
    }
    seat* made = calloc(1, sizeof(seat));
    if (!made) {
        snprintf(err, err_size, "engine: out of memory");
        return false;
    }
    made->desk = ub_desk_new(engine->backend, engine->threads, model, err, err_size);
    if (!made->desk || !ub_desk_warm_up(made->desk, options)) {
        if (made->desk) {
            snprintf(err, err_size, "%s: the %s backend cannot run it", model->path,
                     engine->backend->name);
        }
        ub_desk_free(made->desk);
        free(made);
        return false;
    }
    pthread_mutex_lock(&engine->lock);
    s = find_seat(w, model); // another client may have been faster
    if (!s) {
        s = made;
        s->next = w->seats;
        w->seats = s;
        made = NULL;
    }
    ++s->clients;
    pthread_mutex_unlock(&engine->lock);
    if (made) {
        ub_desk_free(made->desk);
        free(made);
    }
    return true;
}

static void leave_seat(ub_engine* engine, worker* w, const ub_model* model)
{
    pthread_mutex_lock(&engine->lock);
    seat** link = &w->seats;
    while (ub_desk_model((*link)->desk) != model) {
        link = &(*link)->next;
    }
    seat* s = *link;
    seat* unused = --s->clients == 0 ? s : NULL;
    if (unused) {
        *link = s->next;
    }
    pthread_mutex_unlock(&engine->lock);
    if (unused) {
        ub_desk_free(unused->desk);
        free(unused);
    }
}

ub_client* ub_client_new(ub_engine* engine, const ub_model* model,
                         const ub_client_options* options, char* err, size_t err_size)
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
        ok = take_seat(engine, &engine->workers[seated], model, options, err, err_size);
        seated += ok;
    }
    if (!ok) {
        while (seated-- > 0) {
            leave_seat(engine, &engine->workers[seated], model);
        }
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

void ub_client_free(ub_client* client)
{
    if (!client) {
        return;
    }
    ub_engine* engine = client->engine;
    pthread_mutex_lock(&engine->lock);
    while (client->taken) {
        pthread_cond_wait(&engine->idle, &engine->lock);
    }
    ub_client** link = &engine->clients;
    while (*link != client) {
        link = &(*link)->next;
    }
    *link = client->next;
    pthread_mutex_unlock(&engine->lock);
    for (unsigned i = 0; i < engine->n_workers; ++i) {
        leave_seat(engine, &engine->workers[i], client->model);
    }
    ub_client_clear(client);
    free(client);
}
