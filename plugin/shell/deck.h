// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_DECK_H
#define UB_PLUGIN_SHELL_DECK_H

/**
   @file
   A stream with its model, and what it was last told to play.  A plugin has one, and a
   second one while another model takes over.
*/

#include "plugin/shell/wish.h"
#include "plugin/stream.h"

#define UB_PATH_SIZE    4096
#define UB_SOURCES_SIZE (UB_STRIPS * (UB_NAME_SIZE + 1))

typedef struct {
    ub_engine* engine; ///< NULL if there is no model
    ub_stream* stream;
    uint32_t outputs;
    ub_kind kind;
    char path[UB_PATH_SIZE];        ///< Of the model's file; "" if there is none
    int source[UB_STRIPS];          ///< Index into the model's sources, -1 if it has none such
    char sources[UB_SOURCES_SIZE];  ///< Their names, parted by commas, "" for none
    uint32_t latency[UB_RESPONSES]; ///< Of each response, samples
    ub_response response;
    bool told;                    ///< Whether `wish` holds what the stream does
    ub_wish wish[UB_MAX_OUTPUTS]; ///< By output
} ub_deck;

/** Where a deck's stream comes from. */
typedef struct {
    const char* bundle; ///< Path of the folder with the default model
    double rate;        ///< Hz
    uint32_t channels;  ///< Of the input, 1 or 2
    uint32_t outputs;   ///< Of so many channels each
    ub_kind kind;       ///< What they play
    uint32_t block;     ///< Longest block that is usual, samples; 0 if that is not known
} ub_deck_config;

/// Whether a path means the bundle's own model, by "" or by its name
bool ub_deck_is_own(const ub_deck_config* config, const char* path);

/// A deck that plays a model, "" for the bundle's own, on an engine, whose reference it
/// takes over whatever happens.  A model that is `opened` is not read from its path again; NULL
/// if none is.  NULL on failure, with one line in err.  Not real-time safe.
ub_deck* ub_deck_new(const ub_deck_config* config, const char* path, const ub_model* opened,
                     ub_engine* engine, char* err, size_t err_size);

/// A deck without a model, which passes the mix on.  NULL on failure.  Not real-time safe.
ub_deck* ub_deck_new_dry(const ub_deck_config* config, char* err, size_t err_size);

/// Not real-time safe.
void ub_deck_free(ub_deck* deck);

/// Which of the instruments the model does not have, if there are any, in one line.
bool ub_deck_lacks(const ub_deck* deck, char* line, size_t size);

/// Whether nothing that is selected is in the model.  Real-time safe.
bool ub_deck_asked_in_vain(const ub_deck* deck);

/// Forget all audio.  Real-time safe.
void ub_deck_reset(ub_deck* deck);

/// From the next sample on, each output plays as wished, [outputs].  Real-time safe.
void ub_deck_play(ub_deck* deck, ub_response response, const ub_wish* wish);

/// What computes, or NULL if there is no model.  Real-time safe.
static inline const ub_backend*
ub_deck_backend(const ub_deck* deck)
{
    return deck->engine ? ub_engine_backend(deck->engine) : NULL;
}

static inline ub_separator*
ub_deck_separator(const ub_deck* deck)
{
    return ub_stream_separator(deck->stream);
}

#endif // UB_PLUGIN_SHELL_DECK_H
