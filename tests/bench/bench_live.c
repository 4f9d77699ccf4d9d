// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  How short the latency may be: one stereo stream in real time at 48 kHz, with timings
  of any kind, and how many frames are late.

  bench_live [-m MINUTES] [-b BLOCK] MODEL.safetensors [L,S,F,D[,H]]...
  The plugin's Live, for a quarter of a minute in blocks of 128, if nothing else is asked
  for.  The audio thread is real-time where that is permitted, as a host's is.  An answer's
  time is from the end of the frame that completes its window to the end of its computation.
  What a virtual machine's host keeps from it is stolen: masks may be late for that.
  Prints a table on standard error and JSON on standard output.
*/

#include "plugin/stream.h"
#include "tests/bench/player.h"
#include "tests/bench/realtime.h"

#include <jansson.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RATE      48000.0
#define MAX_BLOCK 8192
#define BUFFERED  3    // blocks
#define ASKED     4096 // frames from the oldest job under way to the newest, and more

typedef struct {
    double* at; // [n]
    size_t n;
} times;

typedef struct {
    double latency; // s
    uint64_t late;
    uint32_t xruns;
    double load;   // of the audio thread, part of real time
    double worker; // of the workers
    double stolen; // s, from the whole machine
    times runs;    // s
    times answers; // s
} result;

// When jobs were asked for, by the first frame of their windows
static double asked[ASKED];
static uint32_t window; // frames
static atomic_bool playing;
static double* answered;
static atomic_uint n_answered;
static void (*submit)(ub_masker*, ub_job*);
static const ub_backend* inner;

static double*
asked_at(int64_t start)
{
    return &asked[(uint64_t)start % ASKED];
}

static void
timed_submit(ub_masker* masker, ub_job* job)
{
    *asked_at(job->end - window + 1) = ub_now();
    submit(masker, job);
}

static bool
timed_run(ub_runner* runner, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    const bool ok = inner->run(runner, items, n, first, count);
    if (atomic_load(&playing)) { // not to warm up; one window at a time, of the one stream
        answered[atomic_fetch_add(&n_answered, 1)] = ub_now() - *asked_at(items[0].start);
    }
    return ok;
}

// One block each time it is due.  Where the machine has not let the thread run for longer than
// hosts buffer, the sound card has run dry: as JACK does, count that and start over from there.
static void
feed(ub_separator* separator, uint32_t block, result* r)
{
    static float in[2][MAX_BLOCK];
    static float out[2][MAX_BLOCK];
    const float* const ins[] = {in[0], in[1]};
    float* const outs[] = {out[0], out[1]};
    double used = 0.0;
    ub_fill_noise(in[0], MAX_BLOCK);
    ub_fill_noise(in[1], MAX_BLOCK);
    double due = ub_now();
    for (size_t b = 0; b < r->runs.n; ++b, due += block / RATE) {
        ub_sleep_until(due);
        if (ub_now() > due + BUFFERED * block / RATE) {
            due = ub_now();
            ++r->xruns;
        }
        const double cpu = ub_clock(CLOCK_THREAD_CPUTIME_ID);
        const double before = ub_now();
        ub_separator_run(separator, ins, outs, block);
        r->runs.at[b] = ub_now() - before;
        used += ub_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
    }
    r->load = used * RATE / ((double)r->runs.n * block);
}

static times
make_times(size_t n)
{
    times t = {calloc(n, sizeof(double)), n};
    if (!t.at) {
        ub_quit("out of memory");
    }
    return t;
}

static result
measure(ub_engine* engine, const ub_model* model, const ub_timing* t, uint32_t block,
        double seconds)
{
    result r = {.runs = make_times((size_t)ceil(seconds * RATE / block)),
                .answers = make_times((size_t)(seconds * RATE) / 100 + ASKED)};
    atomic_store(&playing, false);
    atomic_store(&n_answered, 0);
    answered = r.answers.at;
    window = model->net.frames;
    ub_player player = ub_player_open(engine, model, t, RATE, 1);
    ub_masker* masker = ub_client_masker(player.client);
    submit = masker->submit;
    masker->submit = timed_submit;
    atomic_store(&playing, true);
    const double stolen = ub_stolen();
    feed(player.separator, block, &r);
    r.stolen = ub_stolen() - stolen;
    r.worker = ub_engine_load(engine);
    r.late = ub_separator_late_frames(player.separator);
    r.latency = ub_separator_latency(player.separator) / RATE;
    ub_player_close(&player);
    r.answers.n = atomic_load(&n_answered);
    qsort(r.runs.at, r.runs.n, sizeof(double), ub_compare);
    qsort(r.answers.at, r.answers.n, sizeof(double), ub_compare);
    return r;
}

// Not above which that part of the times are
static double
quantile(const times* t, double part)
{
    return t->n ? t->at[(size_t)(part * (double)(t->n - 1))] : 0.0;
}

static json_t*
report(const ub_timing* t, const result* r, bool realtime)
{
    const double answer[] = {1e3 * quantile(&r->answers, 0.5), 1e3 * quantile(&r->answers, 0.999),
                             1e3 * quantile(&r->answers, 1.0)};
    const double run[] = {1e6 * quantile(&r->runs, 0.5), 1e6 * quantile(&r->runs, 1.0)};
    fprintf(stderr, "%2u %2u %2u %2u %2u %8.1f %6lu %6u %6.2f %7.2f %7.2f %5.0f %7.0f %8.2f %% ",
            t->lookahead, t->step, t->fade, t->deadline, t->heard, 1e3 * r->latency,
            (unsigned long)r->late, r->xruns, answer[0], answer[1], answer[2], run[0], run[1],
            100.0 * r->load);
    fprintf(stderr, "%6.1f %% %7.2f\n", 100.0 * r->worker, r->stolen);
    json_t* json = json_pack("{s:[i,i,i,i,i], s:f, s:I, s:i, s:b}", "timing", (int)t->lookahead,
                             (int)t->step, (int)t->fade, (int)t->deadline, (int)t->heard,
                             "latency_ms", 1e3 * r->latency, "late_frames", (json_int_t)r->late,
                             "xruns", (int)r->xruns, "real_time", realtime);
    json_t* more = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "median_answer_ms",
                             answer[0], "answer_999_ms", answer[1], "worst_answer_ms", answer[2],
                             "median_us", run[0], "worst_us", run[1], "load", r->load,
                             "worker_load", r->worker, "stolen_s", r->stolen);
    json_object_update(json, more);
    json_decref(more);
    return json;
}

static ub_engine*
open_engine(char* err, size_t err_size)
{
    static ub_backend timed;
    static const ub_backend* const backends[] = {&timed, NULL};
    inner = ub_backend_find(getenv("UNBRAID_BACKEND"), err, err_size);
    if (!inner) {
        return NULL;
    }
    timed = *inner;
    timed.run = timed_run;
    return ub_engine_new(&(ub_engine_options){.backends = backends}, err, err_size);
}

static int
usage(void)
{
    fprintf(stderr, "usage: bench_live [-m MINUTES] [-b BLOCK] MODEL.safetensors "
                    "[L,S,F,D[,H]]...\n");
    return 2;
}

int
main(int argc, char** argv)
{
    char err[512];
    double minutes = 0.25;
    uint32_t block = 128;
    for (int c = 0; (c = getopt(argc, argv, "m:b:")) != -1;) {
        if (c == 'm') {
            minutes = atof(optarg);
        } else if (c == 'b') {
            block = (uint32_t)atoi(optarg);
        } else {
            return usage();
        }
    }
    if (optind == argc || block < 1 || block > MAX_BLOCK) {
        return usage();
    }
    ub_engine* engine = open_engine(err, sizeof(err));
    const ub_model* model = engine ? ub_model_open(argv[optind++], err, sizeof(err)) : NULL;
    if (!model) {
        ub_quit(err);
    }
    json_t* all = json_array();
    const bool realtime = ub_be_audio_thread();
    fprintf(stderr, "audio thread: %s\n", ub_audio_thread_name(realtime));
    fprintf(stderr, " L  S  F  D  H  latency   late  xruns  answer ms, .999,  worst  "
                    "run us, worst audio core  workers  stolen s\n");
    const ub_grid grid = ub_model_grid(model);
    ub_timing t = ub_response_timing(UB_LIVE, &grid);
    do {
        if (optind < argc && !ub_read_timing(argv[optind], &t)) {
            return usage();
        }
        result r = measure(engine, model, &t, block, 60.0 * minutes);
        json_array_append_new(all, report(&t, &r, realtime));
        free(r.runs.at);
        free(r.answers.at);
    } while (++optind < argc);
    json_dumpf(all, stdout, JSON_INDENT(1));
    printf("\n");
    json_decref(all);
    ub_model_unref(model);
    ub_engine_free(engine);
    return 0;
}
