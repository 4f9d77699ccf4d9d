// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/deck.h"

#include "dsp/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int
find_source(const ub_network* net, const char* name)
{
    for (uint32_t s = 0; s < net->sources; ++s) {
        if (!strcasecmp(name, net->source[s])) {
            return (int)s;
        }
    }
    return -1;
}

// By name; then what else the model has, in its order
static void
match_sources(ub_deck* deck)
{
    const ub_network* const net = &ub_stream_model(deck->stream)->net;
    bool taken[UB_MAX_SOURCES] = {false};
    for (int i = 0; i < UB_INSTRUMENTS; ++i) {
        deck->source[i] = find_source(net, ub_instrument[i]);
    }
    if (deck->source[UB_INSTRUMENTS - 1] < 0) { // a model of two stems calls all else so
        deck->source[UB_INSTRUMENTS - 1] = find_source(net, "accompaniment");
    }
    for (int i = 0; i < UB_INSTRUMENTS; ++i) {
        if (deck->source[i] >= 0) {
            taken[deck->source[i]] = true;
        }
    }
    int s = 0;
    for (int i = UB_INSTRUMENTS; i < UB_STRIPS; ++i) {
        while (s < (int)net->sources && taken[s]) {
            ++s;
        }
        deck->source[i] = s < (int)net->sources ? s++ : -1;
    }
}

static void
name_sources(ub_deck* deck)
{
    const ub_network* const net = &ub_stream_model(deck->stream)->net;
    size_t at = 0;
    for (int i = 0; i < UB_STRIPS; ++i) {
        const char* const name = deck->source[i] < 0 ? "" : net->source[deck->source[i]];
        at += (size_t)snprintf(deck->sources + at, sizeof(deck->sources) - at, "%s%s", i ? "," : "",
                               name);
    }
}

static ub_deck*
allocate(const ub_deck_config* config, char* err, size_t err_size)
{
    ub_deck* const deck = (ub_deck*)ub_touched_alloc(1, sizeof(ub_deck));
    if (deck) {
        deck->outputs = config->outputs;
        deck->kind = config->kind;
    } else {
        snprintf(err, err_size, "out of memory");
    }
    return deck;
}

bool
ub_deck_lacks(const ub_deck* deck, char* line, size_t size)
{
    char names[64] = "";
    for (int i = 0; ub_stream_model(deck->stream) && i < UB_INSTRUMENTS; ++i) {
        if (deck->source[i] < 0) {
            const size_t at = strlen(names);
            snprintf(names + at, sizeof(names) - at, "%s%s", at ? ", " : "", ub_instrument[i]);
        }
    }
    snprintf(line, size, "%s has no %s: what asks for that is silent", deck->path, names);
    return *names;
}

bool
ub_deck_asked_in_vain(const ub_deck* deck)
{
    bool vain = deck->kind == UB_PLAYS_ONE && deck->told && ub_stream_model(deck->stream) &&
                !deck->wish[0].bypass;
    for (int i = 0; i < UB_INSTRUMENTS; ++i) {
        vain = vain && (deck->source[i] < 0 || deck->wish[0].instrument[i] <= 0.0f);
    }
    return vain;
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
open_stream(ub_deck* deck, const ub_deck_config* config, const ub_model* opened, char* err,
            size_t err_size)
{
    const float most = ub_parameters[UB_LATENCY].max; // by which hosts size delay lines
    const ub_stream_config stream_config = {.model = deck->path,
                                            .opened = opened,
                                            .rate = config->rate,
                                            .channels = config->channels,
                                            .outputs = config->outputs,
                                            .slots = config->kind == UB_PLAYS_MIX ? UB_STRIPS : 0,
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
ub_deck_new(const ub_deck_config* config, const char* path, const ub_model* opened,
            ub_engine* engine, char* err, size_t err_size)
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
    if (!open_stream(deck, config, opened, err, err_size)) {
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
        ub_stream_new_dry(config->rate, config->channels, config->outputs, err, err_size);
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

// One synthesis: the masks of all instruments that the model has are mixed, not their sounds
static void
tell_mix(ub_deck* deck, const ub_wish* wish)
{
    ub_row row = {.dry = 1.0f};
    bool solo = false;
    for (int i = 0; i < UB_STRIPS; ++i) {
        solo = solo || (wish->solo[i] && deck->source[i] >= 0);
    }
    for (uint32_t i = 0; ub_stream_model(deck->stream) && i < UB_STRIPS; ++i) {
        float condition[UB_MAX_SOURCES] = {0};
        if (deck->source[i] >= 0) {
            condition[deck->source[i]] = 1.0f;
        }
        ub_stream_ask(deck->stream, i, wish->bypass ? NULL : condition);
        row.slot[i] = wish->bypass || (solo && !wish->solo[i]) ? 0.0f : wish->instrument[i];
        row.dry = wish->bypass ? 1.0f : 0.0f;
    }
    ub_stream_mix(deck->stream, 0, &row);
}

static void
tell(ub_deck* deck, uint32_t output, const ub_wish* wish)
{
    if (deck->kind == UB_PLAYS_MIX) {
        tell_mix(deck, wish);
        return;
    }
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
    ub_stream_shape(deck->stream, &(ub_shaping){wish[0].strength, wish[0].consistency});
    for (uint32_t o = 0; o < deck->outputs; ++o) {
        if (!deck->told || !ub_wish_same(&wish[o], &deck->wish[o])) {
            tell(deck, o, &wish[o]);
            deck->wish[o] = wish[o];
        }
    }
    deck->told = true;
}
