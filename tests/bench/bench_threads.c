// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  What more threads gain on a file, as the command line's -j has them: all sources of a stereo
  stream that waits for its masks, on one to so many threads in turns, on a machine that is left
  alone and beside a loop that keeps one core busy.

  bench_threads MODEL.safetensors [THREADS]
  Two threads, if not said otherwise.  Medians of several rounds; ratios are medians of those of
  one round, as neighbours in time.  Prints a table on standard error and JSON on standard output.
*/

#include "dsp/clock.h"
#include "plugin/stream.h"
#include "tests/bench/player.h"
#include "tests/bench/realtime.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define RATE    44100
#define SECONDS 60
#define BLOCK   4096
#define ROUNDS  7
#define MOST    8 // threads

static atomic_bool busy;

static void*
spin(void* arg)
{
    while (atomic_load(&busy)) {}
    return arg;
}

/// All of a file's time, s
static double
separate(const ub_model* model, ub_engine* engine)
{
    static float in[2][BLOCK];
    static float out[2 * UB_MAX_OUTPUTS][BLOCK];
    const float* const ins[2] = {in[0], in[1]};
    float* outs[2 * UB_MAX_OUTPUTS];
    char err[512] = "";
    const uint32_t sources =
        model->net.sources < UB_MAX_OUTPUTS ? model->net.sources : UB_MAX_OUTPUTS;
    const ub_stream_config config = {.opened = model,
                                     .rate = RATE,
                                     .channels = 2,
                                     .outputs = sources,
                                     .waits = true,
                                     .engine = engine};
    ub_stream* stream = ub_stream_new(&config, err, sizeof(err));
    if (!stream) {
        ub_quit(err);
    }
    ub_separator* separator = ub_stream_separator(stream);
    ub_separator_select(separator, UB_STUDIO);
    ub_separator_set_freewheel(separator, true);
    for (uint32_t i = 0; i < 2 * UB_MAX_OUTPUTS; ++i) {
        outs[i] = out[i];
    }
    for (uint32_t i = 0; i < sources; ++i) {
        ub_play play = {.amount = 1.0f, .gain = 1.0f};
        play.source[i] = 1.0f;
        ub_stream_play(stream, i, &play);
    }
    ub_fill_noise(in[0], BLOCK);
    ub_fill_noise(in[1], BLOCK);
    const double start = ub_now();
    for (uint32_t i = 0; i < SECONDS * RATE / BLOCK; ++i) {
        ub_separator_run(separator, ins, outs, BLOCK);
    }
    const double time = ub_now() - start;
    ub_stream_free(stream);
    return time;
}

static double
median(double* values)
{
    qsort(values, ROUNDS, sizeof(double), ub_compare);
    return values[ROUNDS / 2];
}

static json_t*
measure(const ub_model* model, ub_engine* const* engines, unsigned most, const char* beside)
{
    static double time[MOST][ROUNDS];
    static double ratio[MOST][ROUNDS];
    json_t* list = json_array();
    for (int r = 0; r < ROUNDS; ++r) {
        for (unsigned n = 0; n < most; ++n) {
            time[n][r] = separate(model, engines[n]);
            ratio[n][r] = time[0][r] / time[n][r];
        }
    }
    for (unsigned n = 0; n < most; ++n) {
        const double s = median(time[n]);
        const double gain = median(ratio[n]);
        fprintf(stderr, "%-18s %7u %8.2f %10.1f %8.2f\n", beside, n + 1, s, SECONDS / s, gain);
        json_array_append_new(list, json_pack("{s:s, s:i, s:f, s:f, s:f}", "beside", beside,
                                              "threads", (int)n + 1, "s", s, "times_real_time",
                                              SECONDS / s, "times_one_thread", gain));
    }
    return list;
}

int
main(int argc, char** argv)
{
    char err[512] = "";
    ub_engine* engines[MOST] = {NULL};
    const unsigned most = argc > 2 ? (unsigned)atoi(argv[2]) : 2;
    if (argc < 2 || argc > 3 || most < 1 || most > MOST) {
        fprintf(stderr, "usage: bench_threads MODEL.safetensors [THREADS, at most %d]\n", MOST);
        return 2;
    }
    const ub_model* model = ub_model_open(argv[1], err, sizeof(err));
    for (unsigned n = 0; model && n < most; ++n) {
        const ub_engine_options options = {.backend = "cpu", .workers = n + 1};
        engines[n] = ub_engine_new(&options, err, sizeof(err));
    }
    if (!model || !engines[most - 1]) {
        ub_quit(err);
    }
    fprintf(stderr, "beside             threads        s  real time  of one\n");
    json_t* all = measure(model, engines, most, "nothing");
    pthread_t loop;
    atomic_store(&busy, true);
    pthread_create(&loop, NULL, spin, NULL);
    json_t* rest = measure(model, engines, most, "a busy loop");
    atomic_store(&busy, false);
    pthread_join(loop, NULL);
    json_array_extend(all, rest);
    json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(5));
    putchar('\n');
    json_decref(rest);
    json_decref(all);
    for (unsigned n = 0; n < most; ++n) {
        ub_engine_free(engines[n]);
    }
    ub_model_unref(model);
    return 0;
}
