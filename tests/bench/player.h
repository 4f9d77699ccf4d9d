// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_BENCH_PLAYER_H
#define UB_BENCH_PLAYER_H

/**
   @file
   A stereo stream with a timing of any kind, where the plugin's has its responses'.
   Whatever fails ends the program with one line on standard error.
*/

#include "dsp/separator.h"
#include "model/engine/engine.h"

typedef struct {
    ub_client* client;
    ub_separator* separator;
} ub_player;

/// Output o plays the model's source o.
ub_player ub_player_open(ub_engine* engine, const ub_model* model, const ub_timing* timing,
                         double rate, uint32_t outputs);

void ub_player_close(ub_player* player);

/// "L,S,F,D" in frames, and ",H", hops in which a frame is heard; false if it is not that
bool ub_read_timing(const char* text, ub_timing* timing);

/// Print a line and end the program.
_Noreturn void ub_quit(const char* err);

#endif // UB_BENCH_PLAYER_H
