// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/deck.h"

#include "dsp/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
match_sources(ub_deck* deck)
{
    const ub_model* const model = ub_stream_model(deck->stream);
    for (int i = 0; i < UB_INSTRUMENTS; ++i) {
        deck->source[i] = -1;
        for (uint32_t s = 0; s < model->net.sources; ++s) {
            if (!strcasecmp(ub_instrument[i], model->net.source[s])) {
                deck->source[i] = (int)s;
            }
        }
    }
}

static void
name_sources(ub_deck* deck)
{
    const ub_network* const net = &ub_stream_model(deck->stream)->net;
    size_t at = 0;
    for (uint32_t s = 0; s < net->sources && at < sizeof(deck->sources); ++s) {
        at += (size_t)snprintf(deck->sources + at, sizeof(deck->sources) - at, "%s%s", s ? "," : "",
                               net->source[s]);
    }
}

static ub_deck*
allocate(const ub_deck_config* config, char* err, size_t err_size)
{
    ub_deck* const deck = (ub_deck*)ub_touched_alloc(1, sizeof(ub_deck));
    if (deck) {
        deck->outputs = config->outputs;
    } else {
        snprintf(err, err_size, "out of memory");
    }
    return deck;
}

// Returns the longest
static uint32_t
find_latencies(ub_deck* deck)
{
    ub_separator* const separator = ub_deck_separator(deck);
    uint32_t longest = 0;
    for (uint32_t i = UB_RESPONSES; i-- > 0;) { // the first is chosen at the end
        ub_separator_select(separator, i);
        deck->latency[i] = ub_separator_latency(separator);
        longest = deck->latency[i] > longest ? deck->latency[i] : longest;
    }
    return longest;
}

static bool
open_stream(ub_deck* deck, const ub_deck_config* config, char* err, size_t err_size)
{
    const float most = ub_parameters[UB_LATENCY].max; // by which hosts size delay lines
    const ub_stream_config stream_config = {.model = deck->path,
                                            .rate = config->rate,
                                            .channels = config->channels,
                                            .outputs = config->outputs,
                                            .block = config->block,
                                            .engine = deck->engine};
    deck->stream = ub_stream_new(&stream_config, err, err_size);
    const uint32_t longest = deck->stream ? find_latencies(deck) : 0;
    if ((float)longest > most) {
        snprintf(err, err_size, "%s: latency of %u samples at %g Hz (expected at most %.0f)",
                 deck->path, longest, config->rate, (double)most);
    }
    return deck->stream && (float)longest <= most;
}

static void
own_path(const ub_deck_config* config, char path[UB_PATH_SIZE])
{
    const size_t length = strlen(config->bundle);
    const char* const slash = length && config->bundle[length - 1] == '/' ? "" : "/";
    snprintf(path, UB_PATH_SIZE, "%s%sdefault.safetensors", config->bundle, slash);
}

bool
ub_deck_is_own(const ub_deck_config* config, const char* path)
{
    char own[UB_PATH_SIZE];
    own_path(config, own);
    return !*path || !strcmp(path, own);
}

ub_deck*
ub_deck_new(const ub_deck_config* config, const char* path, ub_engine* engine, char* err,
            size_t err_size)
{
    ub_deck* const deck = allocate(config, err, err_size);
    if (!deck) {
        ub_engine_free(engine);
        return NULL;
    }
    deck->engine = engine;
    if (*path) {
        snprintf(deck->path, sizeof(deck->path), "%s", path);
    } else {
        own_path(config, deck->path);
    }
    if (!open_stream(deck, config, err, err_size)) {
        ub_deck_free(deck);
        return NULL;
    }
    match_sources(deck);
    name_sources(deck);
    return deck;
}

ub_deck*
ub_deck_new_dry(const ub_deck_config* config, char* err, size_t err_size)
{
    ub_deck* const deck = allocate(config, err, err_size);
    if (!deck) {
        return NULL;
    }
    deck->stream =
        ub_stream_new_dry(config->rate, config->channels, 0, config->outputs, err, err_size);
    if (!deck->stream) {
        ub_deck_free(deck);
        return NULL;
    }
    find_latencies(deck);
    return deck;
}

void
ub_deck_free(ub_deck* deck)
{
    if (deck) {
        ub_stream_free(deck->stream);
        ub_engine_free(deck->engine);
        free(deck);
    }
}

void
ub_deck_reset(ub_deck* deck)
{
    ub_separator_reset(ub_deck_separator(deck));
    deck->told = false;
}

static void
tell(ub_deck* deck, uint32_t output, const ub_wish* wish)
{
    ub_play play = {.remove = wish->remove, .amount = wish->amount, .gain = wish->gain};
    if (wish->bypass || !ub_stream_model(deck->stream)) {
        // Of many outputs the first alone has the mix, so that their sum is the mix
        play = (ub_play){.remove = output == 0, .gain = output ? 0.0f : wish->gain};
    } else {
        for (int i = 0; i < UB_INSTRUMENTS; ++i) {
            if (deck->source[i] >= 0) {
                play.source[deck->source[i]] = wish->instrument[i];
            }
        }
    }
    ub_stream_play(deck->stream, output, &play);
}

void
ub_deck_play(ub_deck* deck, ub_response response, const ub_wish* wish)
{
    if (response != deck->response) {
        ub_separator_select(ub_deck_separator(deck), response);
        deck->response = response;
        deck->told = false;
    }
    ub_stream_shape(deck->stream, &(ub_shaping){1.0f, wish[0].consistency});
    for (uint32_t o = 0; o < deck->outputs; ++o) {
        if (!deck->told || !ub_wish_same(&wish[o], &deck->wish[o])) {
            tell(deck, o, &wish[o]);
            deck->wish[o] = wish[o];
        }
    }
    deck->told = true;
}
