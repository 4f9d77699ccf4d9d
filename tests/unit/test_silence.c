// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Digital silence needs no network: what comes out must be the same to the bit as if the
   network had been run for it. */

#include "dsp/schedule.h"
#include "plugin/stream.h"

#include "tests/unit/make_model.h"
#include "tests/unit/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE    8000
#define LENGTH  40000
#define OUTPUTS 2
#define FRAMES  128

static const ub_model* model;
static ub_engine* engine;

static int
setup(void** state)
{
    (void)state;
    char err[256];
    const ub_test_model_options options = {.sample_rate = RATE,
                                           .window = 64,
                                           .frames = FRAMES,
                                           .kept = 5,
                                           .bands = 16,
                                           .power = 0.5f,
                                           .seed = 11};
    engine = ub_engine_new(&(ub_engine_options){.backend = "native"}, err, sizeof(err));
    model = ub_test_open_model(&options);
    return engine && model ? 0 : -1;
}

static int
teardown(void** state)
{
    (void)state;
    ub_model_unref(model);
    ub_engine_free(engine);
    return 0;
}

/* Between the separator and its masker: counts, and may have the network run for every job */
static void (*submit)(ub_masker*, ub_job*);
static bool insist;
static uint32_t jobs, silent;

static void
watch(ub_masker* masker, ub_job* job)
{
    ++jobs;
    if (job->count && !job->conditions) {
        ++silent;
        if (insist) {
            job->conditions = 1;
            memset(job->condition, 0, sizeof(job->condition));
            job->condition[0][0] = 1.0f;
            memset(job->which, 0, (size_t)masker->slots * masker->max_count);
        }
    }
    submit(masker, job);
}

static ub_client*
open_client(const ub_timing* t)
{
    char err[256] = "";
    const ub_span span = {FRAMES - t->lookahead - t->step, t->step + t->fade};
    const ub_client_options options = {.slots = OUTPUTS,
                                       .room = ub_timings_room(t, 1),
                                       .series = {{{span, t->step, t->thorough}}, 1}};
    ub_client* client = ub_client_new(engine, model, &options, err, sizeof(err));
    if (!client) {
        fail_msg("%s", err);
    }
    submit = ub_client_masker(client)->submit;
    ub_client_masker(client)->submit = watch;
    return client;
}

static ub_separator*
open_separator(ub_client* client, const ub_timing* t, double rate, float consistency)
{
    char err[256] = "";
    const ub_separator_config config = {.rate = rate,
                                        .grid = ub_model_grid(model),
                                        .timing = t,
                                        .timings = 1,
                                        .channels = 2,
                                        .slots = OUTPUTS,
                                        .outputs = OUTPUTS,
                                        .masker = ub_client_masker(client)};
    ub_separator* separator = ub_separator_new(&config, err, sizeof(err));
    if (!separator) {
        fail_msg("%s", err);
    }
    const float condition[OUTPUTS][UB_MAX_SOURCES] = {{1.0f}, {0.0f, 1.0f}};
    const ub_row keep = {.slot = {1.0f}};
    const ub_row drop = {.slot = {0.0f, -1.0f}, .dry = 1.0f};
    ub_separator_ask(separator, 0, condition[0]);
    ub_separator_ask(separator, 1, condition[1]);
    ub_separator_mix(separator, 0, &keep);
    ub_separator_mix(separator, 1, &drop);
    ub_separator_shape(separator, &(ub_shaping){1.0f, consistency});
    ub_separator_set_freewheel(separator, true);
    return separator;
}

/* Play [2][LENGTH] to [OUTPUTS * 2][LENGTH] in blocks of all kinds */
static void
play(const ub_timing* t, double rate, float consistency, float* song, float* out)
{
    uint32_t seed = 3;
    ub_client* client = open_client(t);
    ub_separator* separator = open_separator(client, t, rate, consistency);
    jobs = silent = 0;
    for (uint32_t done = 0, n = 0; done < LENGTH; done += n) {
        n = 1 + ub_random(&seed) % 400;
        n = n < LENGTH - done ? n : LENGTH - done;
        const float* in[] = {song + done, song + LENGTH + done};
        float* to[2 * OUTPUTS];
        for (uint32_t c = 0; c < 2 * OUTPUTS; ++c) {
            to[c] = out + (size_t)c * LENGTH + done;
        }
        ub_separator_run(separator, in, to, n);
    }
    assert_int_equal(ub_separator_late_frames(separator), 0);
    ub_separator_free(separator);
    ub_client_free(client);
}

/* Sound between gaps of any length, on one channel or both */
static void
make_song(float* song)
{
    uint32_t seed = 5;
    ub_noise(song, (size_t)2 * LENGTH, 1);
    for (uint32_t at = 0; at < LENGTH;) {
        const uint32_t gap = ub_random(&seed) % (ub_random(&seed) % 2 ? 300 : 6000);
        const uint32_t end = at + gap < LENGTH ? at + gap : LENGTH;
        memset(song + at, 0, (end - at) * sizeof(float));
        if (ub_random(&seed) % 4) {
            memset(song + LENGTH + at, 0, (end - at) * sizeof(float));
        }
        at = end + ub_random(&seed) % 3000;
    }
}

static void
check_same(const ub_timing* t, double rate, float consistency)
{
    const size_t size = (size_t)2 * OUTPUTS * LENGTH * sizeof(float);
    float* song = malloc((size_t)2 * LENGTH * sizeof(float));
    float* out = malloc(size);
    float* want = malloc(size);
    make_song(song);
    insist = false;
    play(t, rate, consistency, song, out);
    assert_in_range(silent, jobs / 20 + 1, jobs - jobs / 4);
    insist = true;
    play(t, rate, consistency, song, want);
    assert_memory_equal(out, want, size);
    free(song);
    free(out);
    free(want);
}

static void
test_silence_sounds_as_through_the_network(void** state)
{
    (void)state;
    static const ub_timing faded = {.lookahead = 9, .step = 6, .fade = 5, .deadline = 3};
    const ub_grid grid = ub_model_grid(model);
    for (uint32_t response = 1; response < UB_RESPONSES; ++response) {
        const ub_timing t = ub_response_timing(response, &grid);
        check_same(&t, RATE, 0.0f);
        check_same(&t, 11025, 1.0f);
    }
    check_same(&faded, RATE, 0.0f);
    check_same(&faded, 11025, 1.0f);
}

/* The faintest sample that is not 0 is sound */
static void
test_near_silence_is_sound(void** state)
{
    (void)state;
    float* song = calloc((size_t)2 * LENGTH, sizeof(float));
    float* out = malloc((size_t)2 * OUTPUTS * LENGTH * sizeof(float));
    const ub_grid grid = ub_model_grid(model);
    const ub_timing t = ub_response_timing(UB_LIVE, &grid);
    insist = false;
    play(&t, RATE, 0.0f, song, out);
    assert_int_equal(silent, jobs);
    for (uint32_t i = 0; i < LENGTH; i += 40) {
        song[LENGTH + i] = 1e-37f;
    }
    play(&t, RATE, 0.0f, song, out);
    assert_int_equal(silent, 0);
    free(song);
    free(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_sounds_as_through_the_network),
        cmocka_unit_test(test_near_silence_is_sound),
    };
    return cmocka_run_group_tests_name("silence", tests, setup, teardown);
}
