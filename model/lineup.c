// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/lineup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(ub_lineup* lineup, const ub_backend* backend)
{
    bool known = lineup->n == UB_LINEUP;
    for (uint32_t i = 0; i < lineup->n; ++i) {
        known = known || lineup->list[i] == backend;
    }
    if (!known) {
        lineup->list[lineup->n++] = backend;
    }
}

bool ub_lineup_init(ub_lineup* lineup, const ub_engine_options* options, char* err,
                    size_t err_size)
{
    const ub_backend* const* all = options->backends ? options->backends : ub_backends();
    const char* name = options->backend || options->backends ? options->backend
                                                             : getenv("UNBRAID_BACKEND");
    const bool cpu = name && !strcmp(name, "cpu");
    lineup->named = name && !cpu && strcmp(name, "auto");
    if (lineup->named) {
        const ub_backend* asked = ub_backend_find(name, err, err_size);
        if (!asked) {
            return false;
        }
        add(lineup, asked);
    }
    bool processor = cpu;
    // Behind one that was asked for, only those that can take over from a device; and no
    // device behind a processor, which would never be used, but whose driver would be opened
    for (; *all; ++all) {
        const bool wanted = lineup->named ? lineup->list[0]->device && !(*all)->device
                                          : !(*all)->device || !processor;
        if (wanted && (*all)->available()) {
            add(lineup, *all);
            processor = processor || !(*all)->device;
        }
    }
    if (!lineup->n) {
        snprintf(err, err_size, "engine: no backend is available");
        return false;
    }
    pthread_mutex_init(&lineup->lock, NULL);
    atomic_init(&lineup->used, lineup->list[0]);
    return true;
}

bool ub_lineup_same(const ub_lineup* a, const ub_lineup* b)
{
    return a->n == b->n && a->named == b->named &&
           !memcmp(a->list, b->list, a->n * sizeof(a->list[0]));
}

void ub_lineup_clear(ub_lineup* lineup)
{
    pthread_mutex_destroy(&lineup->lock);
}

const ub_backend* ub_lineup_next(ub_lineup* lineup, const ub_backend* after)
{
    const ub_backend* found = NULL;
    bool passed = !after;
    pthread_mutex_lock(&lineup->lock);
    for (uint32_t i = 0; i < lineup->n && !found; ++i) {
        found = passed && !lineup->broken[i] ? lineup->list[i] : NULL;
        passed = passed || lineup->list[i] == after;
    }
    pthread_mutex_unlock(&lineup->lock);
    return found;
}

void ub_lineup_break(ub_lineup* lineup, const ub_backend* backend)
{
    pthread_mutex_lock(&lineup->lock);
    for (uint32_t i = 0; i < lineup->n; ++i) {
        lineup->broken[i] = lineup->broken[i] || lineup->list[i] == backend;
    }
    pthread_mutex_unlock(&lineup->lock);
}

bool ub_lineup_broken(ub_lineup* lineup, const ub_backend* backend)
{
    bool broken = false;
    pthread_mutex_lock(&lineup->lock);
    for (uint32_t i = 0; i < lineup->n; ++i) {
        broken = broken || (lineup->broken[i] && lineup->list[i] == backend);
    }
    pthread_mutex_unlock(&lineup->lock);
    return broken;
}

void ub_lineup_use(ub_lineup* lineup, const ub_backend* backend, const char* why)
{
    pthread_mutex_lock(&lineup->lock);
    atomic_store(&lineup->used, backend);
    if (why) {
        snprintf(lineup->note, sizeof(lineup->note), "%s; %s takes over", why, backend->name);
    }
    pthread_mutex_unlock(&lineup->lock);
}

void ub_lineup_note(ub_lineup* lineup, char* text, size_t size)
{
    pthread_mutex_lock(&lineup->lock);
    snprintf(text, size, "%s", lineup->note);
    pthread_mutex_unlock(&lineup->lock);
}
