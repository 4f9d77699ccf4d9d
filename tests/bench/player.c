// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/bench/player.h"

#include "dsp/schedule.h"

#include <stdio.h>
#include <stdlib.h>

void
ub_quit(const char* err)
{
    fprintf(stderr, "unbraid: %s\n", err);
    exit(1);
}

bool
ub_read_timing(const char* text, ub_timing* t)
{
    char after = 0;
    *t = (ub_timing){.heard = 0};
    return sscanf(text, "%u,%u,%u,%u,%u%c", &t->lookahead, &t->step, &t->fade, &t->deadline,
                  &t->heard, &after) >= 4 &&
           !after;
}

static ub_client*
open_client(ub_engine* engine, const ub_model* model, const ub_timing* t, uint32_t outputs)
{
    char err[512];
    const ub_span span = {model->net.frames - t->lookahead - t->step, t->step + t->fade};
    const ub_client_options options = {.slots = outputs,
                                       .room = ub_timings_room(t, 1),
                                       .series = {{{span, t->step, t->thorough}}, 1}};
    if (t->lookahead + t->step > model->net.frames) {
        ub_quit("look-ahead and step do not fit the model's windows");
    }
    ub_client* client = ub_client_new(engine, model, &options, err, sizeof(err));
    if (!client) {
        ub_quit(err);
    }
    return client;
}

ub_player
ub_player_open(ub_engine* engine, const ub_model* model, const ub_timing* timing, double rate,
               uint32_t outputs)
{
    char err[512];
    ub_client* client = open_client(engine, model, timing, outputs);
    const ub_separator_config config = {.rate = rate,
                                        .grid = ub_model_grid(model),
                                        .timing = timing,
                                        .timings = 1,
                                        .channels = 2,
                                        .slots = outputs,
                                        .outputs = outputs,
                                        .masker = ub_client_masker(client)};
    ub_separator* separator = ub_separator_new(&config, err, sizeof(err));
    if (!separator) {
        ub_quit(err);
    }
    for (uint32_t o = 0; o < outputs; ++o) {
        float condition[UB_MAX_SOURCES] = {0.0f};
        ub_row row = {.dry = 0.0f};
        condition[o] = row.slot[o] = 1.0f;
        ub_separator_ask(separator, o, condition);
        ub_separator_mix(separator, o, &row);
    }
    return (ub_player){client, separator};
}

void
ub_player_close(ub_player* player)
{
    ub_separator_free(player->separator); // gives its jobs back to the client
    ub_client_free(player->client);
}
