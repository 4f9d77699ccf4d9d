// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/shell.h"

#include "dsp/clock.h"
#include "dsp/memory.h"
#include "plugin/shell/pace.h"
#include "plugin/shell/player.h"
#include "plugin/shell/viewer.h"

#include <stdio.h>
#include <stdlib.h>

struct ub_shell_s {
    const ub_shape* shape;
    char bundle[UB_PATH_SIZE];
    ub_host host;
    ub_player player;
    ub_pace pace;
    ub_viewer viewer;
    float value[UB_PARAMETERS];           // Clean
    float silence[UB_PIECE];              // For inputs that are not there
    float scratch[UB_MAX_OUTS][UB_PIECE]; // For outputs that are not
};

static ub_shell*
open_shell(const ub_shell_config* config, const ub_host* host)
{
    ub_shell* const self = (ub_shell*)ub_touched_alloc(1, sizeof(ub_shell));
    if (!self) {
        ub_host_say(host, "out of memory");
        return NULL;
    }
    self->host = *host;
    self->shape = config->shape;
    self->pace.rate = config->rate;
    self->viewer.rate = config->rate;
    snprintf(self->bundle, sizeof(self->bundle), "%s", config->bundle);
    for (int p = 0; p < UB_PARAMETERS; ++p) {
        self->value[p] = ub_parameters[p].def;
    }
    const ub_deck_config deck_config = {.bundle = self->bundle,
                                        .rate = config->rate,
                                        .channels = self->shape->ins,
                                        .outputs = self->shape->outs / self->shape->ins,
                                        .kind = self->shape->kind,
                                        .block = config->block};
    if (!ub_player_open(&self->player, &deck_config, &self->host)) {
        ub_shell_free(self);
        return NULL;
    }
    return self;
}

ub_shell*
ub_shell_new(const ub_shell_config* config, const ub_host* host)
{
    if (!(config->rate >= 8000.0 && config->rate <= 192000.0)) {
        char line[96];
        snprintf(line, sizeof(line), "%g Hz: sample rate not supported (expected 8000 to 192000)",
                 config->rate);
        ub_host_say(host, line);
        return NULL;
    }
    return open_shell(config, host);
}

void
ub_shell_free(ub_shell* self)
{
    if (self) {
        ub_player_close(&self->player);
        free(self);
    }
}

void
ub_shell_activate(ub_shell* self)
{
    ub_player_reset(&self->player, (ub_response)self->value[UB_RESPONSE]);
    self->pace = (ub_pace){.rate = self->pace.rate};
}

void
ub_shell_set(ub_shell* self, ub_parameter parameter, float value)
{
    self->value[parameter] = ub_parameter_clean(parameter, value);
}

float
ub_shell_get(const ub_shell* self, ub_parameter parameter)
{
    return self->value[parameter];
}

void
ub_shell_order(ub_shell* self, const char* path)
{
    ub_player_order(&self->player, path);
}

// Whether the host can be kept waiting: as it says so, or is far ahead of real time
static bool
can_wait(ub_shell* self, uint32_t n, double now)
{
    if (self->value[UB_FREEWHEEL] > 0.0f) {
        self->pace = (ub_pace){.rate = self->pace.rate}; // and what was before does not count
        return true;
    }
    return ub_pace_ahead(&self->pace, n, now);
}

static void
play(ub_shell* self, bool wait)
{
    ub_wish wish[UB_MAX_OUTPUTS];
    for (uint32_t o = 0; o < self->shape->outs / self->shape->ins; ++o) {
        wish[o] = ub_wish_of(self->value, self->shape->kind, o);
    }
    ub_player_play(&self->player, (ub_response)self->value[UB_RESPONSE], wish, wait);
}

// What the deck that plays lets be seen
static ub_tap*
tap_of(const ub_shell* self)
{
    return ub_separator_tap(ub_deck_separator(self->player.deck));
}

// Run n samples, at most UB_PIECE, that lie at an offset in the buffers
static void
run_piece(ub_shell* self, const float* const* ins, float* const* outs, uint32_t offset, uint32_t n)
{
    const float* in[UB_MAX_INS];
    float* out[UB_MAX_OUTS];
    for (uint32_t c = 0; c < self->shape->ins; ++c) {
        in[c] = ins[c] ? ins[c] + offset : self->silence;
    }
    for (uint32_t c = 0; c < self->shape->outs; ++c) {
        out[c] = outs[c] ? outs[c] + offset : self->scratch[c];
    }
    ub_player_run(&self->player, in, out, n);
    if (ub_viewer_is_on(&self->viewer)) {
        ub_viewer_hear(&self->viewer, out, self->shape->outs, self->shape->ins, n);
    }
}

static void
report(ub_shell* self)
{
    const ub_deck* const deck = self->player.deck;
    const uint64_t late = ub_separator_late_frames(ub_deck_separator(deck));
    const float load = deck->engine ? ub_engine_load(deck->engine) : 0.0f;
    ub_shell_set(self, UB_LATENCY, (float)ub_player_latency(&self->player));
    ub_shell_set(self, UB_LATE, (float)late);
    ub_shell_set(self, UB_STATUS, (float)ub_player_status(&self->player));
    ub_shell_set(self, UB_LOAD, 100.0f * load);
}

void
ub_shell_run(ub_shell* self, const float* const* in, float* const* out, uint32_t n)
{
    const double begin = ub_now();
    const bool wait = can_wait(self, n, begin);
    const double work = wait ? ub_clock(CLOCK_THREAD_CPUTIME_ID) : 0.0;
    ub_player_follow(&self->player, (ub_processor)self->value[UB_PROCESSOR], wait);
    play(self, wait);
    ub_tap_set_open(tap_of(self), ub_viewer_is_on(&self->viewer));
    for (uint32_t done = 0; done < n;) {
        const uint32_t piece = n - done < UB_PIECE ? n - done : UB_PIECE;
        run_piece(self, in, out, done, piece);
        done += piece;
    }
    report(self);
    if (wait) {
        ub_pace_waited(&self->pace,
                       (ub_now() - begin) - (ub_clock(CLOCK_THREAD_CPUTIME_ID) - work));
    }
}

uint32_t
ub_shell_latency(const ub_shell* self)
{
    return ub_player_latency(&self->player);
}

const char*
ub_shell_playing(const ub_shell* self)
{
    return self->player.deck->path;
}

void
ub_shell_watch(ub_shell* self)
{
    ub_viewer_watch(&self->viewer);
}

bool
ub_shell_report(ub_shell* self, ub_report* report)
{
    report->latency = self->value[UB_LATENCY];
    return ub_viewer_is_on(&self->viewer) &&
           ub_viewer_report(&self->viewer, tap_of(self), self->shape->kind != UB_PLAYS_ONE, report);
}

const char*
ub_shell_sources(const ub_shell* self)
{
    return self->player.deck->sources;
}

bool
ub_shell_changed(ub_shell* self)
{
    return ub_player_changed(&self->player);
}

void
ub_shell_save(ub_shell* self, char path[UB_PATH_SIZE])
{
    ub_loader_wanted(&self->player.loader, path);
}

bool
ub_shell_restore(ub_shell* self, const char* path)
{
    return ub_loader_load(&self->player.loader, path);
}

bool
ub_shell_set_block(ub_shell* self, uint32_t block)
{
    return ub_loader_set_block(&self->player.loader, block);
}
