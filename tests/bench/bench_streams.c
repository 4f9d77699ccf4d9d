// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  How many stereo streams run at once, in real time at 48 kHz with blocks of 256 from one
  audio thread, without a late frame, and what each further one takes of memory, once it
  has played.

  bench_streams MODEL.safetensors [SECONDS [MOST]]
  Prints a table on standard error and JSON on standard output.
*/

#include "plugin/stream.h"
#include "tests/bench/realtime.h"

#include <jansson.h>

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#define RATE    48000.0
#define BLOCK   256
#define MOST    64
#define STEMS   4
#define OUTPUTS (STEMS * UB_MAX_CHANNELS)

static float in[UB_MAX_CHANNELS][BLOCK];
static float out[OUTPUTS][BLOCK];

static void
run(ub_stream* stream)
{
    const float* const ins[] = {in[0], in[1]};
    float* outs[OUTPUTS];
    for (uint32_t c = 0; c < OUTPUTS; ++c) {
        outs[c] = out[c];
    }
    ub_separator_run(ub_stream_separator(stream), ins, outs, BLOCK);
}

static ub_stream*
open_stream(const char* model, ub_engine* engine, uint32_t outputs)
{
    char err[512];
    const ub_stream_config config = {
        .model = model, .rate = RATE, .channels = 2, .outputs = outputs, .engine = engine};
    ub_stream* stream = ub_stream_new(&config, err, sizeof(err));
    if (!stream) {
        fprintf(stderr, "unbraid: %s\n", err);
        exit(1);
    }
    for (uint32_t o = 0; o < outputs; ++o) {
        ub_play one = {.amount = 1.0f, .gain = 1.0f};
        one.source[o] = 1.0f;
        ub_stream_play(stream, o, &one);
    }
    return stream;
}

/// Late frames of n streams that are fed for so long, one block each time it is due
static uint64_t
feed(const char* model, ub_engine* engine, uint32_t response, uint32_t n, double seconds)
{
    ub_stream* stream[MOST];
    uint64_t late = 0;
    for (uint32_t i = 0; i < n; ++i) {
        stream[i] = open_stream(model, engine, 1);
        ub_separator_select(ub_stream_separator(stream[i]), response);
    }
    const double start = ub_now();
    for (uint32_t b = 0; b < seconds * RATE / BLOCK; ++b) {
        ub_sleep_until(start + b * BLOCK / RATE);
        for (uint32_t i = 0; i < n; ++i) {
            run(stream[i]);
        }
    }
    for (uint32_t i = 0; i < n; ++i) {
        late += ub_separator_late_frames(ub_stream_separator(stream[i]));
        ub_stream_free(stream[i]);
    }
    return late;
}

/// The most streams, up to `most`, that all keep time
static uint32_t
find_most(const char* model, ub_engine* engine, uint32_t response, double seconds, uint32_t most)
{
    uint32_t good = 0;
    uint32_t bad = most + 1;
    uint32_t n = most < 4 ? most : 4;
    while (bad - good > 1) {
        if (feed(model, engine, response, n, seconds)) {
            bad = n;
        } else {
            good = n;
        }
        n = bad > most && 2 * good < bad ? 2 * good : good + (bad - good) / 2;
    }
    return good;
}

static double
resident(void)
{
    long all = 0;
    long pages = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2) {
        pages = 0;
    }
    if (file) {
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

/// MB for each of 8 streams beside one, all of which have played
static double
memory(const char* model, ub_engine* engine, uint32_t response, uint32_t outputs)
{
    ub_stream* stream[9];
    double one = 0.0;
    for (uint32_t i = 0; i < 9; ++i) {
        stream[i] = open_stream(model, engine, outputs);
        ub_separator* separator = ub_stream_separator(stream[i]);
        ub_separator_select(separator, response);
        ub_separator_set_freewheel(separator, true);
        for (uint32_t b = 0; b < (ub_separator_latency(separator) + RATE) / BLOCK; ++b) {
            run(stream[i]);
        }
        one = i ? one : resident();
    }
    const double each = (resident() - one) / 8;
    for (uint32_t i = 0; i < 9; ++i) {
        ub_stream_free(stream[i]);
    }
    return each;
}

int
main(int argc, char** argv)
{
    static const char* const names[UB_RESPONSES] = {"studio", "balanced", "live"};
    char err[512];
    if (argc < 2) {
        fprintf(stderr, "usage: bench_streams MODEL.safetensors [SECONDS [MOST]]\n");
        return 2;
    }
    const double seconds = argc > 2 ? atof(argv[2]) : 10.0;
    const int asked = argc > 3 ? atoi(argv[3]) : MOST;
    const uint32_t most = asked > 0 && asked < MOST ? (uint32_t)asked : MOST;
    ub_engine* engine = ub_engine_shared("auto", err, sizeof(err));
    if (!engine) {
        fprintf(stderr, "unbraid: %s\n", err);
        return 1;
    }
    for (uint32_t c = 0; c < UB_MAX_CHANNELS; ++c) {
        ub_fill_noise(in[c], BLOCK);
    }
    mallopt(M_MMAP_THRESHOLD, 1 << 17); // what one stream gives back is not the next one's
    const bool realtime = ub_be_audio_thread();
    json_t* all = json_pack("{s:b}", "real_time", realtime);
    fprintf(stderr, "audio thread: %s\n", ub_audio_thread_name(realtime));
    fprintf(stderr, "response   streams  MB each  with four stems\n");
    for (uint32_t k = 0; k < UB_RESPONSES; ++k) {
        const double stereo = memory(argv[1], engine, k, 1);
        const double stems = memory(argv[1], engine, k, STEMS);
        const uint32_t n = find_most(argv[1], engine, k, seconds, most);
        fprintf(stderr, "%-9s %8u %8.1f %16.1f\n", names[k], n, stereo, stems);
        json_object_set_new(all, names[k],
                            json_pack("{s:i, s:f, s:f}", "streams", (int)n, "stereo_mb", stereo,
                                      "stems_mb", stems));
    }
    json_dumpf(all, stdout, JSON_INDENT(1));
    printf("\n");
    json_decref(all);
    ub_engine_free(engine);
    return 0;
}
