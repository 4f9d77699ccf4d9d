// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/stream.h"

#include "dsp/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ub_stream_s {
    const ub_model* model;
    ub_client* client;
    ub_separator* separator;
    uint32_t sources;
    uint32_t slots;
    ub_timing timings[UB_RESPONSES];
};

// The default model's, for streams that have none; a test compares them
static const ub_grid default_grid = {.rate = 44100,
                                     .window = 4096,
                                     .hop = 1024,
                                     .frames = 128,
                                     .channels = 2,
                                     .first_bin = 0,
                                     .dft_bins = 1024,
                                     .kept = 1024,
                                     .bins = 1024,
                                     .sources = 4,
                                     .dropped_mask = NAN,
                                     .nearest = 1};

/** Timings as they were measured, with a model of that hop. */
typedef struct {
    double hop; // s
    ub_timing timing[UB_RESPONSES];
} measured;

// By latency against SDR (model/train/timings.py).  Long steps are for many streams.
static const measured tables[] = {
    // Windows of 46 ms: look-ahead gains up to 16 frames, a fade averages in what
    // older windows guessed with less of it
    {512.0 / 44100.0,
     {[UB_STUDIO] = {.lookahead = 40, .step = 48, .fade = 16, .deadline = 24},
      [UB_BALANCED] = {.lookahead = 16, .step = 8, .fade = 0, .deadline = 8},
      [UB_LIVE] = {.lookahead = 3, .step = 2, .fade = 0, .deadline = 3, .heard = 2}}},
    // Spleeter's windows, of 93 ms: look-ahead gains up to 48 frames; in Live the last
    // frame of a step has none, and no more are left in 140 ms
    {1024.0 / 44100.0,
     {[UB_STUDIO] = {.lookahead = 29, .step = 16, .fade = 8, .deadline = 10},
      [UB_BALANCED] = {.lookahead = 8, .step = 4, .fade = 0, .deadline = 4},
      [UB_LIVE] = {.lookahead = 0, .step = 2, .fade = 0, .deadline = 2, .heard = 2}}},
};

// The table with the longest hop that is not longer, or the first
static const measured*
table_for(double hop)
{
    size_t best = 0;
    for (size_t i = 1; i < sizeof(tables) / sizeof(*tables); ++i) {
        best = tables[i].hop <= hop * (1.0 + 1e-9) ? i : best;
    }
    return &tables[best];
}

ub_timing
ub_response_timing(ub_response response, const ub_grid* grid)
{
    const double hop = grid->hop / grid->rate;
    const measured* table = table_for(hop);
    const ub_timing* t = &table->timing[response];
    // The same times, where they can be, in frames of a longer hop
    const double scale = fmin(table->hop / hop, 1.0);
    return (ub_timing){.lookahead = (uint32_t)lrint(scale * t->lookahead),
                       .step = (uint32_t)fmax(rint(scale * t->step), 1.0),
                       .fade = (uint32_t)lrint(scale * t->fade),
                       .deadline = (uint32_t)ceil(scale * t->deadline - 1e-6),
                       .heard = t->heard};
}

// Jobs under way of a stream that waits for them: so many that no thread runs out of work while
// the stream's own does the rest
static uint32_t
jobs_ahead(const ub_engine* engine)
{
    const unsigned threads = ub_engine_workers(engine);
    return threads > 1 ? 2 * threads : 1;
}

// With jobs ahead, deadlines are as long as those take.  Else: an answer is taken up at the start
// of a block, so one that is asked for within a block comes when that has passed
static void
set_timings(ub_stream* self, const ub_grid* grid, double rate, uint32_t block, uint32_t ahead)
{
    const double hop = rate * grid->hop / grid->rate;
    const uint32_t frames = (uint32_t)ceil(block / hop);
    // However long a host's blocks may be, no more, so that the latency port's maximum holds
    const uint32_t longest = ub_response_timing(UB_STUDIO, grid).deadline;
    const uint32_t needed = frames + 1 < longest ? frames + 1 : longest;
    for (uint32_t i = 0; i < UB_RESPONSES; ++i) {
        self->timings[i] = ub_response_timing(i, grid);
        // Several slots ask for several sources anyway; for the sake of one in Studio alone
        self->timings[i].thorough = i == UB_STUDIO || self->slots > 1;
        if (self->timings[i].deadline < needed) {
            self->timings[i].deadline = needed;
        }
        if (ahead) {
            self->timings[i].deadline = (ahead - 1) * self->timings[i].step + 1;
        }
    }
}

static bool
add_client(ub_stream* self, const ub_grid* grid, const ub_stream_config* config, char* err,
           size_t err_size)
{
    ub_client_options options = {.slots = self->slots,
                                 .room = ub_timings_room(self->timings, UB_RESPONSES),
                                 .waits = config->waits};
    for (uint32_t i = 0; i < UB_RESPONSES; ++i) {
        const ub_timing* t = &self->timings[i];
        const uint32_t needed = t->lookahead + t->step;
        if (needed > grid->frames) {
            snprintf(err, err_size, "windows of %u frames (expected at least %u)", grid->frames,
                     needed);
            return false;
        }
        options.series.at[options.series.n++] =
            (ub_series){{grid->frames - needed, ub_timing_count(t)}, t->step, t->thorough};
    }
    self->client = ub_client_new(config->engine, self->model, &options, err, err_size);
    return self->client;
}

static bool
add_separator(ub_stream* self, const ub_grid* grid, double rate, uint32_t channels,
              uint32_t outputs, char* err, size_t err_size)
{
    const ub_separator_config config = {
        .rate = rate,
        .grid = *grid,
        .timing = self->timings,
        .timings = UB_RESPONSES,
        .channels = channels,
        .slots = self->slots,
        .outputs = outputs,
        .masker = self->client ? ub_client_masker(self->client) : NULL,
    };
    self->sources = grid->sources;
    self->separator = ub_separator_new(&config, err, err_size);
    return self->separator;
}

static bool
open_stream(ub_stream* self, const ub_stream_config* config, char* err, size_t err_size)
{
    self->model =
        config->opened ? ub_model_ref(config->opened) : ub_model_open(config->model, err, err_size);
    if (!self->model) {
        return false;
    }
    const ub_grid grid = ub_model_grid(self->model);
    char why[256] = "";
    self->slots = config->slots ? config->slots : config->outputs;
    if (self->slots < 1 || self->slots > UB_MAX_SLOTS) {
        snprintf(err, err_size, "stream: %u slots (expected 1 to %d)", self->slots, UB_MAX_SLOTS);
        return false;
    }
    set_timings(self, &grid, config->rate, config->block,
                config->waits ? jobs_ahead(config->engine) : 0);
    if (!add_client(self, &grid, config, why, sizeof(why)) ||
        !add_separator(self, &grid, config->rate, config->channels, config->outputs, why,
                       sizeof(why))) {
        snprintf(err, err_size, "%s: %s", self->model->path, why);
    }
    return self->separator;
}

static ub_stream*
allocate(char* err, size_t err_size)
{
    ub_stream* self = calloc(1, sizeof(ub_stream));
    if (!self) {
        snprintf(err, err_size, "stream: out of memory");
    }
    return self;
}

ub_stream*
ub_stream_new(const ub_stream_config* config, char* err, size_t err_size)
{
    ub_stream* self = allocate(err, err_size);
    if (self && !open_stream(self, config, err, err_size)) {
        ub_stream_free(self);
        return NULL;
    }
    return self;
}

ub_stream*
ub_stream_new_dry(double rate, uint32_t channels, uint32_t outputs, char* err, size_t err_size)
{
    ub_stream* self = allocate(err, err_size);
    if (self) {
        self->slots = outputs;
        set_timings(self, &default_grid, rate, 0, 0);
    }
    if (self && !add_separator(self, &default_grid, rate, channels, outputs, err, err_size)) {
        ub_stream_free(self);
        return NULL;
    }
    return self;
}

void
ub_stream_free(ub_stream* self)
{
    if (self) {
        ub_separator_free(self->separator); // gives its jobs back to the client
        ub_client_free(self->client);
        ub_model_unref(self->model);
        free(self);
    }
}

ub_separator*
ub_stream_separator(ub_stream* self)
{
    return self->separator;
}

bool
ub_stream_healthy(const ub_stream* self)
{
    return !self->client || ub_client_healthy(self->client);
}

const ub_model*
ub_stream_model(const ub_stream* self)
{
    return self->model;
}

static bool
is_nothing(const ub_stream* self, const float* source)
{
    bool nothing = true;
    for (uint32_t s = 0; source && s < self->sources; ++s) {
        nothing = nothing && source[s] <= 0.0f;
    }
    return nothing;
}

void
ub_stream_ask(ub_stream* self, uint32_t slot, const float* source)
{
    ub_separator_ask(self->separator, slot, is_nothing(self, source) ? NULL : source);
}

void
ub_stream_mix(ub_stream* self, uint32_t output, const ub_row* row)
{
    ub_separator_mix(self->separator, output, row);
}

void
ub_stream_shape(ub_stream* self, const ub_shaping* shape)
{
    ub_separator_shape(self->separator, shape);
}

void
ub_stream_play(ub_stream* self, uint32_t output, const ub_play* play)
{
    const bool nothing = is_nothing(self, play->source);
    const float wet = nothing ? 0.0f : play->gain * play->amount;
    ub_row row = {.dry = play->remove ? play->gain : play->gain * (1.0f - play->amount)};
    row.slot[output] = play->remove ? -wet : wet;
    ub_stream_ask(self, output, wet != 0.0f ? play->source : NULL);
    ub_stream_mix(self, output, &row);
}
