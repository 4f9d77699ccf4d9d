// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/player.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FADE 0.05 // Of one deck into another, s

bool
ub_player_open(ub_player* self, const ub_deck_config* config, ub_host* host)
{
    char err[512] = "";
    char line[640];
    self->config = *config;
    ub_engine* const engine = ub_choose_engine(UB_AUTO, host, err, sizeof(err));
    self->deck = engine ? ub_deck_new(config, "", engine, err, sizeof(err)) : NULL;
    if (!self->deck) {
        snprintf(line, sizeof(line), "%s; the mix is passed on as it is", err);
        ub_host_say(host, line);
        self->deck = ub_deck_new_dry(config, err, sizeof(err));
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
    ub_deck_free(self->next);
    ub_deck_free(self->deck);
}

void
ub_player_reset(ub_player* self)
{
    ub_deck* const ready = ub_loader_take(&self->loader);
    ub_deck* const newest = ready ? ready : self->next;
    if (newest) {
        if (newest != self->next) {
            ub_deck_free(self->next);
        }
        ub_deck_free(self->deck);
        self->deck = newest;
        self->next = NULL;
        self->changed = true;
    }
    ub_deck_reset(self->deck);
}

// One order at a time: those that come while the loader is busy wait, the last of them
static void
ask(ub_player* self, ub_processor processor)
{
    if ((self->ordered || processor != self->processor) &&
        ub_loader_ask(&self->loader, self->ordered ? self->path : NULL, processor)) {
        self->ordered = false;
        self->processor = processor;
    }
}

void
ub_player_order(ub_player* self, const char* path, ub_processor processor, bool wait)
{
    const struct timespec pause = {0, 1000000};
    if (path) {
        strncpy(self->path, path, sizeof(self->path) - 1);
        self->ordered = true;
    }
    ask(self, processor);
    while (wait && ub_loader_busy(&self->loader)) {
        nanosleep(&pause, NULL);
        ask(self, processor);
    }
    self->changed = ub_loader_failed(&self->loader) || self->changed;
    if (!self->next && ub_loader_has_room(&self->loader)) {
        self->next = ub_loader_take(&self->loader);
        self->age = 0;
    }
}

void
ub_player_play(ub_player* self, ub_response response, const ub_wish* wish, bool wait)
{
    ub_deck* const decks[2] = {self->deck, self->next};
    for (int i = 0; i < 2 && decks[i]; ++i) {
        ub_separator_set_freewheel(ub_deck_separator(decks[i]), wait);
        ub_deck_play(decks[i], response, wish);
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
    return ub_stream_healthy(self->deck->stream) ? ub_status_of(backend->name) : UB_STATUS_FAILING;
}
