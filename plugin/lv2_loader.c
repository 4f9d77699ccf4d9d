// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2_loader.h"

#include "model/thread.h"

#include <stdio.h>
#include <string.h>

// The bundle's own model is remembered as such: bundles move
static void set_path(const ub_loader* loader, char to[UB_PATH_SIZE], const char* path)
{
    snprintf(to, UB_PATH_SIZE, "%s", ub_deck_is_own(&loader->config, path) ? "" : path);
}

static void free_done(ub_loader* loader)
{
    ub_deck_free(atomic_exchange(&loader->done, NULL));
}

// Under the lock.  A deck that was never taken over gives way to a newer one.
static bool load(ub_loader* loader, const char* path)
{
    char err[512] = "";
    ub_deck* const deck = ub_deck_new(&loader->config, path, err, sizeof(err));
    if (!deck) {
        char line[640];
        snprintf(line, sizeof(line), "%s; the model before plays on", err);
        loader->say(loader->host, line);
        atomic_store(&loader->failed, true);
        return false;
    }
    set_path(loader, loader->loaded, path);
    ub_deck_free(atomic_exchange(&loader->ready, deck));
    return true;
}

static void* work(void* arg)
{
    ub_loader* const loader = (ub_loader*)arg;
    while (!atomic_load(&loader->quit)) {
        sem_wait(&loader->work);
        free_done(loader);
        if (atomic_load(&loader->busy)) {
            pthread_mutex_lock(&loader->lock);
            if (load(loader, loader->asked)) {
                set_path(loader, loader->wanted, loader->asked);
            }
            pthread_mutex_unlock(&loader->lock);
            atomic_store(&loader->busy, false);
        }
    }
    return NULL;
}

bool ub_loader_start(ub_loader* loader)
{
    sem_init(&loader->work, 0, 0);
    pthread_mutex_init(&loader->lock, NULL);
    loader->running = ub_thread_start(&loader->thread, work, loader);
    if (!loader->running) {
        pthread_mutex_destroy(&loader->lock);
        sem_destroy(&loader->work);
    }
    return loader->running;
}

void ub_loader_stop(ub_loader* loader)
{
    if (!loader->running) {
        return;
    }
    atomic_store(&loader->quit, true);
    sem_post(&loader->work);
    pthread_join(loader->thread, NULL);
    loader->running = false;
    free_done(loader);
    ub_deck_free(atomic_exchange(&loader->ready, NULL));
    pthread_mutex_destroy(&loader->lock);
    sem_destroy(&loader->work);
}

bool ub_loader_load(ub_loader* loader, const char* path)
{
    pthread_mutex_lock(&loader->lock);
    set_path(loader, loader->wanted, path);
    const bool loaded = !strcmp(loader->loaded, loader->wanted) || load(loader, loader->wanted);
    pthread_mutex_unlock(&loader->lock);
    return loaded;
}

void ub_loader_wanted(ub_loader* loader, char path[UB_PATH_SIZE])
{
    pthread_mutex_lock(&loader->lock);
    memcpy(path, loader->wanted, sizeof(loader->wanted));
    pthread_mutex_unlock(&loader->lock);
}

bool ub_loader_ask(ub_loader* loader, const char* path)
{
    if (!loader->running || ub_loader_busy(loader)) {
        return false;
    }
    strncpy(loader->asked, path, sizeof(loader->asked) - 1);
    atomic_store(&loader->busy, true);
    sem_post(&loader->work);
    return true;
}

bool ub_loader_busy(ub_loader* loader)
{
    return atomic_load(&loader->busy);
}

bool ub_loader_failed(ub_loader* loader)
{
    return atomic_exchange(&loader->failed, false);
}

ub_deck* ub_loader_take(ub_loader* loader)
{
    if (atomic_load(&loader->done)) {
        return NULL;
    }
    return atomic_exchange(&loader->ready, NULL);
}

void ub_loader_put_away(ub_loader* loader, ub_deck* deck)
{
    atomic_store(&loader->done, deck);
    sem_post(&loader->work);
}
