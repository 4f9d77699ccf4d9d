// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_PLAYER_H
#define UB_PLUGIN_SHELL_PLAYER_H

/**
   @file
   The deck that plays and, while another model or processor takes over, the next one: it
   is faded in once its sound has come through, and the old one plays on until then.

   Where the format forbids another latency while it plays, what would make for one waits
   for a reset, and the host is asked to restart the plugin.

   Where not said otherwise, functions are for the audio thread and real-time safe.
*/

#include "plugin/shell/loader.h"

#define UB_PIECE 1024 ///< Samples run at once at most

typedef struct {
    ub_deck_config config;
    const ub_host* host;
    ub_loader loader;
    ub_deck* deck;             ///< Plays
    ub_deck* next;             ///< Takes over, or NULL
    ub_deck* held;             ///< Will play after the next reset, or NULL
    uint32_t age;              ///< Samples that `next` has heard
    bool changed;              ///< What plays has changed, or could not, and nobody has asked yet
    char path[UB_PATH_SIZE];   ///< Of a model that the loader has not been asked for yet
    unsigned order;            ///< That model's order, 0 if there is none
    ub_response response;      ///< In force
    ub_response asked;         ///< For which the host has been asked to restart, or in force
    ub_processor processor;    ///< The last one asked for
    const ub_backend* backend; ///< That computed last, NULL if there is no engine
    float coming[UB_MAX_OUTS][UB_PIECE]; ///< What the next deck plays
} ub_player;

/// Open a deck with the bundle's model, or one that passes the mix on, and say so to the
/// host, which must outlive the player.  False, with a line to the host, if there can be
/// none.  The player must be zero before, and be closed in either case.  Not real-time safe.
bool ub_player_open(ub_player* self, const ub_deck_config* config, const ub_host* host);

/// Not real-time safe.
void ub_player_close(ub_player* self);

/// Forget all audio; what has been loaded last plays at once.  Not real-time safe.
void ub_player_reset(ub_player* self, ub_response response);

/// Order a model, "" for the bundle's own: the last one ordered is loaded, and takes over as
/// soon as it is ready.
void ub_player_order(ub_player* self, const char* path);

/// See to what is ordered, on a processor.
/// @param wait Wait until it is ready: for hosts that can be kept waiting only.
void ub_player_follow(ub_player* self, ub_processor processor, bool wait);

/// From the next sample on, play as wished, [outputs].
void ub_player_play(ub_player* self, ub_response response, const ub_wish* wish, bool wait);

/// Run n samples, at most UB_PIECE.  in[channels][n], out[outputs * channels][n]; all may
/// be the same.
void ub_player_run(ub_player* self, const float* const* in, float* const* out, uint32_t n);

/// Samples, from the last reset on, or the last change of response that was allowed
uint32_t ub_player_latency(const ub_player* self);

/// Whether what plays has changed, or could not, since this was last asked.
bool ub_player_changed(ub_player* self);

/// The value of the status
int ub_player_status(ub_player* self);

#endif // UB_PLUGIN_SHELL_PLAYER_H
