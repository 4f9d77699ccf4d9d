// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  How long the audio thread is held: the time of each run() of a stereo stream that
  is fed in real time, for several block sizes, rates and responses.

  bench_run MODEL.safetensors [SECONDS]
  Prints a table on standard error and JSON on standard output.
*/

#include "plugin/stream.h"
#include "tests/bench/realtime.h"

#include <jansson.h>

#include <stdio.h>

#define MAX_BLOCK 1024

typedef struct {
    double rate;
    uint32_t block;
    uint32_t response;
} bench_case;

typedef struct {
    double median; ///< us, wall clock
    double worst;  ///< us, wall clock
    double load;   ///< Processor time of run(), part of real time
    uint64_t late; ///< Frames
    uint32_t latency;
} bench_result;

/// Feed a separator for as many blocks, one each time it is due; times[blocks] in s.
static double
feed(ub_separator* separator, const bench_case* c, double* times, uint32_t blocks)
{
    static float in[2][MAX_BLOCK];
    static float out[2][MAX_BLOCK];
    const float* const ins[2] = {in[0], in[1]};
    float* const outs[2] = {out[0], out[1]};
    const double start = ub_now();
    double used = 0.0;
    for (uint32_t b = 0; b < blocks; ++b) {
        ub_fill_noise(in[0], MAX_BLOCK);
        ub_fill_noise(in[1], MAX_BLOCK);
        ub_sleep_until(start + b * c->block / c->rate);
        const double cpu = ub_clock(CLOCK_THREAD_CPUTIME_ID);
        const double before = ub_now();
        ub_separator_run(separator, ins, outs, c->block);
        times[b] = ub_now() - before;
        used += ub_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
    }
    return used;
}

static bool
measure(const char* model, ub_engine* engine, const bench_case* c, double seconds,
        bench_result* result)
{
    char err[512];
    const ub_stream_config config = {
        .model = model, .rate = c->rate, .channels = 2, .outputs = 1, .engine = engine};
    const uint32_t blocks = (uint32_t)ceil(seconds * c->rate / c->block);
    double* const times = (double*)calloc(blocks, sizeof(double));
    ub_stream* const stream = times ? ub_stream_new(&config, err, sizeof(err)) : NULL;
    if (stream) {
        ub_separator* const separator = ub_stream_separator(stream);
        ub_separator_select(separator, c->response);
        ub_stream_play(stream, 0, &(ub_play){.source = {1.0f}, .amount = 1.0f, .gain = 1.0f});
        const double used = feed(separator, c, times, blocks);
        qsort(times, blocks, sizeof(double), ub_compare);
        result->median = 1e6 * times[blocks / 2];
        result->worst = 1e6 * times[blocks - 1];
        result->load = used * c->rate / ((double)blocks * c->block);
        result->late = ub_separator_late_frames(separator);
        result->latency = ub_separator_latency(separator);
    } else {
        fprintf(stderr, "unbraid: %s\n", times ? err : "out of memory");
    }
    ub_stream_free(stream);
    free(times);
    return stream;
}

static json_t*
report(const bench_case* c, const bench_result* r, bool realtime)
{
    static const char* const names[UB_RESPONSES] = {"studio", "balanced", "live"};
    fprintf(stderr, "%6.0f %6u  %-9s %8u %9.0f %9.0f %7.2f %% %6lu\n", c->rate, c->block,
            names[c->response], r->latency, r->median, r->worst, 100.0 * r->load,
            (unsigned long)r->late);
    return json_pack("{s:f, s:i, s:s, s:i, s:f, s:f, s:f, s:I, s:b}", "rate", c->rate, "block",
                     (int)c->block, "response", names[c->response], "latency", (int)r->latency,
                     "median_us", r->median, "worst_us", r->worst, "load", r->load, "late_frames",
                     (json_int_t)r->late, "real_time", realtime);
}

static bool
measure_all(const char* model, ub_engine* engine, double seconds, json_t* all)
{
    static const uint32_t blocks[] = {64, 128, 256, 1024};
    static const double rates[] = {48000.0, 192000.0};
    bool ok = true;
    const bool realtime = ub_be_audio_thread();
    fprintf(stderr, "audio thread: %s\n", ub_audio_thread_name(realtime));
    fprintf(stderr, "  rate  block  response   latency median us  worst us      load   late\n");
    for (uint32_t r = 0; r < 2; ++r) {
        for (uint32_t b = 0; b < 4; ++b) {
            // All responses at one block size, the default one at every other
            const uint32_t responses = blocks[b] == 128 ? UB_RESPONSES : 1;
            for (uint32_t k = 0; ok && k < responses; ++k) {
                const bench_case c = {rates[r], blocks[b], k};
                bench_result result;
                ok = measure(model, engine, &c, seconds, &result);
                if (ok) {
                    json_array_append_new(all, report(&c, &result, realtime));
                }
            }
        }
    }
    return ok;
}

int
main(int argc, char** argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_run MODEL.safetensors [SECONDS]\n");
        return 2;
    }
    char err[512];
    ub_engine* const engine = ub_engine_shared("auto", err, sizeof(err));
    if (!engine) {
        fprintf(stderr, "unbraid: %s\n", err);
        return 1;
    }
    json_t* const all = json_array();
    const bool ok = measure_all(argv[1], engine, argc > 2 ? atof(argv[2]) : 5.0, all);
    if (ok) {
        json_dumpf(all, stdout, JSON_INDENT(1));
        printf("\n");
    }
    json_decref(all);
    ub_engine_free(engine);
    return ok ? 0 : 1;
}
