// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/loader.h"

#include "model/engine/thread.h"
#include "plugin/shell/load.h"

#include <stdio.h>
#include <string.h>

static void
free_done(ub_loader* loader)
{
    ub_deck_free(atomic_exchange(&loader->done, NULL));
}

// Under the lock.  Whether an order is the newest of those that have been seen to.
static bool
is_due(ub_loader* loader, unsigned order)
{
    const bool due = order > loader->order;
    loader->order = due ? order : loader->order;
    return due;
}

static void
answer(ub_loader* loader)
{
    char path[UB_PATH_SIZE];
    pthread_mutex_lock(&loader->lock);
    const bool model = is_due(loader, loader->asked_order);
    loader->processor = loader->asked_processor;
    ub_load_set_path(loader, path, model ? loader->asked_path : loader->loaded);
    if (ub_load(loader, path, model) && model) {
        memcpy(loader->wanted, path, sizeof(loader->wanted));
    }
    pthread_mutex_unlock(&loader->lock);
    atomic_store(&loader->busy, false);
}

static void
explain(ub_loader* loader)
{
    char note[512] = "";
    pthread_mutex_lock(&loader->lock);
    if (loader->engine) {
        ub_engine_note(loader->engine, note, sizeof(note));
    }
    pthread_mutex_unlock(&loader->lock);
    if (*note) {
        ub_host_say(loader->host, note);
    }
}

static void*
work(void* arg)
{
    ub_loader* const loader = (ub_loader*)arg;
    while (!atomic_load(&loader->quit)) {
        sem_wait(&loader->work);
        free_done(loader);
        if (atomic_load(&loader->busy)) {
            answer(loader);
        }
        if (atomic_exchange(&loader->unclear, false)) {
            explain(loader);
        }
    }
    return NULL;
}

bool
ub_loader_start(ub_loader* loader, const ub_deck* deck, const ub_deck_config* config,
                const ub_host* host, char* err, size_t err_size)
{
    loader->config = *config;
    loader->host = host;
    loader->process = ub_thread_process();
    loader->engine = deck->engine;
    ub_load_hold(loader, deck);
    memcpy(loader->latency, deck->latency, sizeof(loader->latency));
    sem_init(&loader->work, 0, 0);
    pthread_mutex_init(&loader->lock, NULL);
    loader->running = ub_thread_start(&loader->thread, work, loader);
    if (!loader->running) {
        pthread_mutex_destroy(&loader->lock);
        sem_destroy(&loader->work);
        ub_model_unref(loader->model);
        snprintf(err, err_size, "no thread can be started (is their number limited?)");
    }
    return loader->running;
}

// Whether this is a child after fork(), where the thread is gone: nothing is loaded there
static bool
orphaned(const ub_loader* loader)
{
    return loader->process != ub_thread_process();
}

void
ub_loader_stop(ub_loader* loader)
{
    if (!loader->running || orphaned(loader)) {
        return;
    }
    atomic_store(&loader->quit, true);
    sem_post(&loader->work);
    pthread_join(loader->thread, NULL);
    loader->running = false;
    free_done(loader);
    ub_deck_free(atomic_exchange(&loader->ready, NULL));
    ub_model_unref(loader->model);
    pthread_mutex_destroy(&loader->lock);
    sem_destroy(&loader->work);
}

bool
ub_loader_load(ub_loader* loader, const char* path)
{
    const unsigned order = ub_loader_order(loader);
    bool done = true;
    pthread_mutex_lock(&loader->lock);
    if (is_due(loader, order)) {
        ub_load_set_path(loader, loader->wanted, path);
        done = ub_load(loader, loader->wanted, false);
    }
    pthread_mutex_unlock(&loader->lock);
    return done;
}

bool
ub_loader_set_block(ub_loader* loader, uint32_t block)
{
    pthread_mutex_lock(&loader->lock);
    const uint32_t before = loader->config.block;
    loader->config.block = block;
    const bool done = block == before || ub_load_retimed(loader);
    if (!done) {
        loader->config.block = before;
    }
    pthread_mutex_unlock(&loader->lock);
    return done;
}

void
ub_loader_wanted(ub_loader* loader, char path[UB_PATH_SIZE])
{
    pthread_mutex_lock(&loader->lock);
    memcpy(path, loader->wanted, sizeof(loader->wanted));
    pthread_mutex_unlock(&loader->lock);
}

unsigned
ub_loader_order(ub_loader* loader)
{
    return atomic_fetch_add(&loader->orders, 1) + 1;
}

bool
ub_loader_ask(ub_loader* loader, unsigned order, const char* path, ub_processor processor)
{
    if (ub_loader_busy(loader) || orphaned(loader)) {
        return false;
    }
    loader->asked_order = order;
    if (order) {
        strncpy(loader->asked_path, path, sizeof(loader->asked_path) - 1);
    }
    loader->asked_processor = processor;
    atomic_store(&loader->busy, true);
    sem_post(&loader->work);
    return true;
}

bool
ub_loader_busy(ub_loader* loader)
{
    return atomic_load(&loader->busy) && !orphaned(loader);
}

bool
ub_loader_failed(ub_loader* loader)
{
    return atomic_exchange(&loader->failed, false);
}

void
ub_loader_explain(ub_loader* loader)
{
    atomic_store(&loader->unclear, true);
    sem_post(&loader->work);
}

bool
ub_loader_offers(ub_loader* loader)
{
    return atomic_load(&loader->ready);
}

ub_deck*
ub_loader_take(ub_loader* loader)
{
    return atomic_exchange(&loader->ready, NULL);
}

bool
ub_loader_has_room(ub_loader* loader)
{
    return !atomic_load(&loader->done);
}

void
ub_loader_put_away(ub_loader* loader, ub_deck* deck)
{
    atomic_store(&loader->done, deck);
    sem_post(&loader->work);
}
