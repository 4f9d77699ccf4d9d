// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/load.h"

#include <stdio.h>
#include <string.h>

void
ub_load_set_path(const ub_loader* loader, char to[UB_PATH_SIZE], const char* path)
{
    snprintf(to, UB_PATH_SIZE, "%s", ub_deck_is_own(&loader->config, path) ? "" : path);
}

static void
fail(ub_loader* loader, const char* why)
{
    char line[640];
    snprintf(line, sizeof(line), "%s; what played before plays on", why);
    ub_host_say(loader->host, line);
    atomic_store(&loader->failed, true);
}

// NULL if there is none, which the host is told; the same of a deck
static ub_engine*
choose(ub_loader* loader)
{
    char err[512] = "";
    ub_engine* const engine = ub_choose_engine(loader->processor, loader->host, err, sizeof(err));
    if (!engine) {
        fail(loader, err);
    }
    return engine;
}

static ub_deck*
make(ub_loader* loader, const char* path, const ub_model* opened, ub_engine* engine)
{
    char err[512] = "";
    ub_deck* const deck = ub_deck_new(&loader->config, path, opened, engine, err, sizeof(err));
    if (!deck) {
        fail(loader, err);
    } else if (ub_deck_lacks(deck, err, sizeof(err))) {
        ub_host_say(loader->host, err);
    }
    return deck;
}

void
ub_load_hold(ub_loader* loader, const ub_deck* deck)
{
    const ub_model* const model = ub_stream_model(deck->stream);
    const ub_model* const before = loader->model;
    loader->model = model ? ub_model_ref(model) : NULL;
    ub_model_unref(before);
}

// A deck that was never taken over gives way to a newer one.
static void
offer(ub_loader* loader, ub_deck* deck)
{
    loader->engine = deck->engine;
    ub_load_hold(loader, deck);
    memcpy(loader->latency, deck->latency, sizeof(loader->latency));
    ub_deck_free(atomic_exchange(&loader->ready, deck));
}

bool
ub_load(ub_loader* loader, const char* path, bool fresh)
{
    ub_engine* const engine = choose(loader);
    if (!engine) {
        return false;
    }
    const bool same = !fresh && !strcmp(path, loader->loaded);
    if (same && engine == loader->engine) {
        ub_engine_free(engine);
        return true;
    }
    ub_deck* const deck = make(loader, path, same ? loader->model : NULL, engine);
    if (!deck) {
        return false;
    }
    offer(loader, deck);
    ub_load_set_path(loader, loader->loaded, path);
    return true;
}

bool
ub_load_retimed(ub_loader* loader)
{
    ub_engine* const engine = choose(loader);
    ub_deck* const deck = engine ? make(loader, loader->loaded, loader->model, engine) : NULL;
    if (!deck) {
        return false;
    }
    if (!loader->engine || memcmp(deck->latency, loader->latency, sizeof(loader->latency))) {
        offer(loader, deck);
    } else {
        ub_deck_free(deck);
    }
    return true;
}
