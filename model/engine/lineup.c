// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/lineup.h"

#include "model/backend/native/native.h"
#include "model/engine/thread.h"
#include "model/file/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
add(ub_lineup* lineup, const ub_backend* backend)
{
    bool known = lineup->n == UB_LINEUP;
    for (uint32_t i = 0; i < lineup->n; ++i) {
        known = known || lineup->list[i] == backend;
    }
    if (!known) {
        lineup->list[lineup->n++] = backend;
    }
}

static bool
is_device(const char* name)
{
    return !strcmp(name, "gpu") || !strncmp(name, "cuda", 4);
}

// The one that was asked for.  What the environment asks for every program may not be
// there: then the processor computes.
static bool
add_named(ub_lineup* lineup, const char* name, bool ruled, char* missing, char* err,
          size_t err_size)
{
    const ub_backend* asked = ub_backend_find(name, err, err_size);
    if (asked) {
        add(lineup, asked);
        snprintf(lineup->reason, sizeof(lineup->reason), "%s was asked for", name);
    } else if (ruled && is_device(name)) {
        lineup->named = false;
        snprintf(missing, UB_NOTE, "%s", err);
    }
    return asked || !lineup->named;
}

// All that are (or are not) devices, up to `most` of them
static void
add_some(ub_lineup* lineup, const ub_backend* const* all, bool devices, uint32_t most)
{
    for (uint32_t n = 0; *all && n < most; ++all) {
        if ((*all)->device == devices && (*all)->available()) {
            add(lineup, *all);
            ++n;
        }
    }
}

static void
add_all(ub_lineup* lineup, const ub_backend* const* all)
{
    for (; *all; ++all) {
        if ((*all)->available()) {
            add(lineup, *all);
        }
    }
}

// Behind one that was asked for, only what can take over from a device.  If none was, the best
// device comes first, which has yet to agree with the processor.
static void
add_others(ub_lineup* lineup, const ub_backend* const* all, bool cpu)
{
    if (!lineup->n && !cpu) {
        add_some(lineup, all, true, 1);
        lineup->unproven = lineup->n;
    }
    if (!lineup->named || lineup->list[0]->device) {
        add_some(lineup, all, false, UB_LINEUP);
    }
    if (!*lineup->reason) {
        snprintf(lineup->reason, sizeof(lineup->reason),
                 cpu ? "cpu was asked for" : "no device to compute on is there");
    }
}

const char*
ub_lineup_ruled(void)
{
    return ub_environment(UB_ENV_BACKEND);
}

bool
ub_lineup_init(ub_lineup* lineup, const ub_engine_options* options, char* err, size_t err_size)
{
    const bool ruled = !options->backend && !options->backends;
    const char* name = ruled ? ub_lineup_ruled() : options->backend;
    if (!ub_native_level(err, err_size)) {
        return false;
    }
    lineup->named = name && strcmp(name, "cpu") && strcmp(name, "auto");
    char missing[UB_NOTE] = "";
    if (lineup->named && !add_named(lineup, name, ruled, missing, err, err_size)) {
        return false;
    }
    if (options->backends && !lineup->named) {
        add_all(lineup, options->backends);
    } else {
        const bool cpu = *missing || (name && !strcmp(name, "cpu"));
        add_others(lineup, options->backends ? options->backends : ub_backends(), cpu);
    }
    if (!lineup->n) {
        snprintf(err, err_size, "engine: no backend is available");
        return false;
    }
    ub_thread_init_lock(&lineup->lock);
    pthread_mutex_init(&lineup->settling, NULL);
    atomic_init(&lineup->used, lineup->list[lineup->unproven]);
    if (*missing) {
        ub_lineup_use(lineup, lineup->list[0], missing);
    }
    return true;
}

void
ub_lineup_settle(ub_lineup* lineup, const ub_model* model)
{
    pthread_mutex_lock(&lineup->settling);
    if (lineup->unproven) {
        char why[UB_NOTE];
        const bool agrees =
            ub_agree(model, lineup->list[0], lineup->list + 1, lineup->n - 1, why, sizeof(why));
        pthread_mutex_lock(&lineup->lock);
        lineup->unproven = false;
        lineup->broken[0] = !agrees;
        snprintf(lineup->reason, sizeof(lineup->reason), "%s", why);
        snprintf(lineup->note, sizeof(lineup->note), "%s computes: %.200s",
                 lineup->list[!agrees]->name, why);
        pthread_mutex_unlock(&lineup->lock);
    }
    pthread_mutex_unlock(&lineup->settling);
}

bool
ub_lineup_same(const ub_lineup* a, const ub_lineup* b)
{
    return a->n == b->n && a->named == b->named &&
           !memcmp(a->list, b->list, a->n * sizeof(a->list[0]));
}

void
ub_lineup_clear(ub_lineup* lineup)
{
    pthread_mutex_destroy(&lineup->lock);
    pthread_mutex_destroy(&lineup->settling);
}

const ub_backend*
ub_lineup_next(ub_lineup* lineup, const ub_backend* after)
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

void
ub_lineup_break(ub_lineup* lineup, const ub_backend* backend)
{
    pthread_mutex_lock(&lineup->lock);
    for (uint32_t i = 0; i < lineup->n; ++i) {
        lineup->broken[i] = lineup->broken[i] || lineup->list[i] == backend;
    }
    pthread_mutex_unlock(&lineup->lock);
}

bool
ub_lineup_broken(ub_lineup* lineup, const ub_backend* backend)
{
    bool broken = false;
    pthread_mutex_lock(&lineup->lock);
    for (uint32_t i = 0; i < lineup->n; ++i) {
        broken = broken || (lineup->broken[i] && lineup->list[i] == backend);
    }
    pthread_mutex_unlock(&lineup->lock);
    return broken;
}

void
ub_lineup_use(ub_lineup* lineup, const ub_backend* backend, const char* why)
{
    pthread_mutex_lock(&lineup->lock);
    atomic_store(&lineup->used, backend);
    if (why) {
        snprintf(lineup->reason, sizeof(lineup->reason), "%.200s; %s takes over", why,
                 backend->name);
        memcpy(lineup->note, lineup->reason, sizeof(lineup->note));
    }
    pthread_mutex_unlock(&lineup->lock);
}

void
ub_lineup_note(ub_lineup* lineup, char* text, size_t size)
{
    pthread_mutex_lock(&lineup->lock);
    snprintf(text, size, "%s", lineup->note);
    pthread_mutex_unlock(&lineup->lock);
}

void
ub_lineup_reason(ub_lineup* lineup, char* text, size_t size)
{
    pthread_mutex_lock(&lineup->lock);
    snprintf(text, size, "%s", lineup->reason);
    pthread_mutex_unlock(&lineup->lock);
}
