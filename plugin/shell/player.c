// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/player.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FADE 0.05 // Of one deck into another, s

bool
ub_player_open(ub_player* self, const ub_deck_config* config, const ub_host* host)
{
    char err[512] = "";
    char line[640];
    self->config = *config;
    self->host = host;
    ub_engine* const engine = ub_choose_engine(UB_AUTO, host, err, sizeof(err));
    self->deck = engine ? ub_deck_new(config, "", NULL, engine, err, sizeof(err)) : NULL;
    if (!self->deck) {
        snprintf(line, sizeof(line), "%s; the mix is passed on as it is", err);
        ub_host_say(host, line);
        self->deck = ub_deck_new_dry(config, err, sizeof(err));
    }
    if (self->deck && ub_deck_lacks(self->deck, line, sizeof(line))) {
        ub_host_say(host, line);
    }
    const bool ok =
        self->deck && ub_loader_start(&self->loader, self->deck, config, host, err, sizeof(err));
    if (!ok) {
        ub_host_say(host, err);
    }
    return ok;
}

void
ub_player_close(ub_player* self)
{
    ub_loader_stop(&self->loader);
    ub_deck_free(self->held);
    ub_deck_free(self->next);
    ub_deck_free(self->deck);
}

static void
replace(ub_player* self, ub_deck* deck)
{
    if (deck) {
        ub_deck_free(self->deck);
        self->deck = deck;
        self->changed = true;
    }
}

void
ub_player_reset(ub_player* self, ub_response response)
{
    replace(self, self->next); // in the order in which they were loaded
    replace(self, self->held);
    replace(self, ub_loader_take(&self->loader));
    self->next = NULL;
    self->held = NULL;
    self->response = response;
    self->asked = response;
    ub_deck_reset(self->deck);
}

// One order at a time: those that come while the loader is busy wait, the last of them
static void
ask(ub_player* self, ub_processor processor)
{
    if ((self->order || processor != self->processor) &&
        ub_loader_ask(&self->loader, self->order, self->path, processor)) {
        self->order = 0;
        self->processor = processor;
    }
}

void
ub_player_order(ub_player* self, const char* path)
{
    strncpy(self->path, path, sizeof(self->path) - 1);
    self->order = ub_loader_order(&self->loader);
}

// Take over what has been loaded, if it may be and there is nothing else on its way
static void
take(ub_player* self)
{
    if (self->next || !ub_loader_has_room(&self->loader) || !ub_loader_offers(&self->loader)) {
        return;
    }
    if (self->held) { // which is outdated now
        ub_loader_put_away(&self->loader, self->held);
        self->held = NULL;
        return;
    }
    ub_deck* const deck = ub_loader_take(&self->loader);
    if (self->host->restart && deck->latency[self->response] != ub_player_latency(self)) {
        self->held = deck;
        self->host->restart(self->host->handle);
    } else {
        self->next = deck;
        self->age = 0;
    }
}

void
ub_player_follow(ub_player* self, ub_processor processor, bool wait)
{
    const struct timespec pause = {0, 1000000};
    ask(self, processor);
    while (wait && ub_loader_busy(&self->loader)) {
        nanosleep(&pause, NULL);
        ask(self, processor);
    }
    self->changed = ub_loader_failed(&self->loader) || self->changed;
    take(self);
}

static void
respond(ub_player* self, ub_response response)
{
    const uint32_t latency = self->deck->latency[response];
    if (!self->host->restart || latency == ub_player_latency(self)) {
        self->response = response;
    } else if (response != self->asked) {
        self->host->restart(self->host->handle);
    }
    self->asked = response;
}

void
ub_player_play(ub_player* self, ub_response response, const ub_wish* wish, bool wait)
{
    ub_deck* const decks[2] = {self->deck, self->next};
    respond(self, response);
    for (int i = 0; i < 2 && decks[i]; ++i) {
        ub_separator_set_freewheel(ub_deck_separator(decks[i]), wait);
        ub_deck_play(decks[i], self->response, wish);
    }
}

// Fade from the old deck's sound to the next one's once that has come through, and then
// let the old one go
static void
fade(ub_player* self, float* const* out, uint32_t n)
{
    const uint32_t start = ub_separator_latency(ub_deck_separator(self->next));
    const double length = FADE * self->config.rate;
    const uint32_t channels = self->config.outputs * self->config.channels;
    for (uint32_t i = 0; i < n; ++i) {
        const double at = ((double)self->age + i - start) / length;
        const float part = (float)fmin(fmax(at, 0.0), 1.0);
        for (uint32_t c = 0; c < channels; ++c) {
            out[c][i] += part * (self->coming[c][i] - out[c][i]);
        }
    }
    self->age += n;
    if (self->age >= start + length) {
        ub_loader_put_away(&self->loader, self->deck);
        self->deck = self->next;
        self->next = NULL;
        self->changed = true;
    }
}

void
ub_player_run(ub_player* self, const float* const* in, float* const* out, uint32_t n)
{
    if (self->next) { // first, as the outputs may be the inputs
        float* coming[UB_MAX_OUTS];
        for (uint32_t c = 0; c < UB_MAX_OUTS; ++c) {
            coming[c] = self->coming[c];
        }
        ub_separator_run(ub_deck_separator(self->next), in, coming, n);
    }
    ub_separator_run(ub_deck_separator(self->deck), in, out, n);
    if (self->next) {
        fade(self, out, n);
    }
}

uint32_t
ub_player_latency(const ub_player* self)
{
    return self->deck->latency[self->response];
}

bool
ub_player_changed(ub_player* self)
{
    const bool changed = self->changed;
    self->changed = false;
    return changed;
}

int
ub_player_status(ub_player* self)
{
    const ub_backend* const backend = ub_deck_backend(self->deck);
    if (!backend) {
        return 0;
    }
    if (backend != self->backend) { // another may have taken over: the loader says why
        self->backend = backend;
        ub_loader_explain(&self->loader);
    }
    if (!ub_stream_healthy(self->deck->stream)) {
        return UB_STATUS_FAILING;
    }
    return ub_deck_asked_in_vain(self->deck) ? UB_STATUS_LACKING : ub_status_of(backend->name);
}
