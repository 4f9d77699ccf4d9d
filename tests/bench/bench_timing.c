// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Separate a song with a timing of any kind, for model/train/timings.py to score.

  bench_timing MODEL.safetensors L,S,F,D[,H] <MIX >ESTIMATES
  MIX is stereo at the model's rate, float [samples][2]; ESTIMATES are of up to four
  sources, float [sources][samples][2], the latency taken off.  Prints the latency at
  48 kHz in ms on standard error.
*/

#include "tests/bench/player.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK    4096
#define CHANNELS (2 * UB_MAX_SLOTS)

typedef struct {
    float* at; // [n][2]
    size_t n;
} song;

static song
read_song(FILE* in)
{
    song s = {NULL, 0};
    size_t room = 0;
    size_t got = 0;
    do {
        room = 2 * room + BLOCK;
        s.at = realloc(s.at, room * 2 * sizeof(float));
        if (!s.at) {
            ub_quit("out of memory");
        }
        got = fread(s.at + 2 * s.n, 2 * sizeof(float), room - s.n, in);
        s.n += got;
    } while (s.n == room);
    return s;
}

// Samples t to t + BLOCK - 1 of a song, silence after its end, as [2][BLOCK]
static void
take(const song* mix, size_t t, float in[2][BLOCK])
{
    for (size_t i = 0; i < BLOCK; ++i) {
        in[0][i] = t + i < mix->n ? mix->at[2 * (t + i)] : 0.0f;
        in[1][i] = t + i < mix->n ? mix->at[2 * (t + i) + 1] : 0.0f;
    }
}

// [outputs][n][2]
static float*
separate(ub_separator* separator, const song* mix, uint32_t outputs)
{
    static float in[2][BLOCK];
    static float out[CHANNELS][BLOCK];
    const float* const ins[] = {in[0], in[1]};
    float* outs[CHANNELS];
    for (uint32_t c = 0; c < CHANNELS; ++c) {
        outs[c] = out[c];
    }
    const size_t latency = ub_separator_latency(separator);
    float* made = malloc(outputs * mix->n * 2 * sizeof(float));
    if (!made) {
        ub_quit("out of memory");
    }
    ub_separator_set_freewheel(separator, true);
    for (size_t t = 0; t < mix->n + latency; t += BLOCK) {
        take(mix, t, in);
        ub_separator_run(separator, ins, outs, BLOCK);
        for (size_t i = 0; i < BLOCK; ++i) {
            for (uint32_t c = 0; t + i >= latency && t + i < mix->n + latency && c < 2 * outputs;
                 ++c) {
                made[((c / 2) * mix->n + t + i - latency) * 2 + c % 2] = out[c][i];
            }
        }
    }
    return made;
}

int
main(int argc, char** argv)
{
    char err[512];
    ub_timing timing;
    if (argc != 3 || !ub_read_timing(argv[2], &timing)) {
        fprintf(stderr, "usage: bench_timing MODEL.safetensors L,S,F,D[,H] <MIX >ESTIMATES\n");
        return 2;
    }
    ub_engine* engine = ub_engine_shared(NULL, err, sizeof(err));
    const ub_model* model = engine ? ub_model_open(argv[1], err, sizeof(err)) : NULL;
    if (!model) {
        ub_quit(err);
    }
    const ub_grid grid = ub_model_grid(model);
    const uint32_t outputs = grid.sources;
    const song mix = read_song(stdin);
    ub_player player = ub_player_open(engine, model, &timing, grid.rate, outputs);
    float* made = separate(player.separator, &mix, outputs);
    const size_t n = outputs * mix.n * 2;
    const bool ok = fwrite(made, sizeof(float), n, stdout) == n && !fflush(stdout);
    fprintf(stderr, "%.1f\n", 1e3 * ub_timing_latency(&grid, &timing, 48000.0) / 48000.0);
    free(made);
    free(mix.at);
    ub_player_close(&player);
    ub_model_unref(model);
    ub_engine_free(engine);
    return ok ? 0 : 1;
}
