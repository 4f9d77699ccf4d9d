// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Streams of a model whose sources share the mix where all of them are computed: who gets shares,
  and that they are the same samples however they are asked for.  Runs in the repository's root.
*/

#include "plugin/stream.h"

#include "tests/unit/make_model.h"
#include "tests/unit/signal.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RATE    11025
#define SOURCES 3
#define N       24000

static char shares_path[UB_TEST_PATH_SIZE];
static char own_path[UB_TEST_PATH_SIZE]; // The same model without shares
static ub_engine* engine;
static float song[2 * N];

/// A golden test's model of two networks, long enough for every response, with shares or without
static bool
write_model(char path[UB_TEST_PATH_SIZE], bool shares)
{
    strcpy(path, "/tmp/unbraid-test-XXXXXX");
    const int fd = mkstemp(path);
    json_t* description = json_load_file("tests/golden/films.json", 0, NULL);
    json_t* stft = json_object_get(description, "stft");
    json_object_set_new(stft, "frames", json_integer(128));
    json_object_set_new(stft, "sample_rate", json_integer(RATE));
    json_object_set_new(description, "dropped_mask", json_string("nearest"));
    if (shares) {
        json_t* value = json_pack("{sOsf}", "sources", json_object_get(description, "sources"),
                                  "exponent", 1.5);
        json_object_set_new(json_object_get(description, "mask"), "shares", value);
    }
    char* text = json_dumps(description, 0);
    const bool written = fd >= 0 && text && ub_test_write_network(path, text, 5);
    free(text);
    json_decref(description);
    close(fd);
    return written;
}

static int
setup(void** state)
{
    (void)state;
    char err[256];
    const ub_engine_options options = {.backend = "native", .workers = 2};
    engine = ub_engine_new(&options, err, sizeof(err));
    ub_noise(song, (size_t)2 * N, 1);
    return engine && write_model(shares_path, true) && write_model(own_path, false) ? 0 : -1;
}

static int
teardown(void** state)
{
    (void)state;
    ub_engine_free(engine);
    return unlink(shares_path) || unlink(own_path);
}

static ub_stream*
open_stream(const char* model, ub_response response, uint32_t outputs)
{
    char err[256] = "";
    const ub_stream_config config = {
        .model = model, .rate = RATE, .channels = 2, .outputs = outputs, .engine = engine};
    ub_stream* stream = ub_stream_new(&config, err, sizeof(err));
    if (!stream) {
        fail_msg("%s", err);
    }
    ub_separator_set_freewheel(ub_stream_separator(stream), true);
    ub_separator_select(ub_stream_separator(stream), response);
    return stream;
}

static void
play_source(ub_stream* stream, uint32_t output, uint32_t source)
{
    ub_play one = {.amount = 1.0f, .gain = 1.0f};
    one.source[source] = 1.0f;
    ub_stream_play(stream, output, &one);
}

/// All outputs, [outputs * 2][N], of the song, from sample `from` on, in blocks of `block`
static void
play(ub_stream* stream, uint32_t outputs, float* out, uint32_t from, uint32_t to, uint32_t block)
{
    for (uint32_t done = from; done < to; done += block) {
        const float* in[2] = {song + done, song + N + done};
        float* at[2 * SOURCES];
        for (uint32_t c = 0; c < 2 * outputs; ++c) {
            at[c] = out + (size_t)c * N + done;
        }
        ub_separator_run(ub_stream_separator(stream), in, at,
                         to - done < block ? to - done : block);
    }
}

/// Each source in an output of its own
static void
play_all(const char* model, ub_response response, float* out)
{
    ub_stream* stream = open_stream(model, response, SOURCES);
    for (uint32_t o = 0; o < SOURCES; ++o) {
        play_source(stream, o, o);
    }
    play(stream, SOURCES, out, 0, N, 1000);
    ub_stream_free(stream);
}

/// One source alone
static void
play_one(const char* model, ub_response response, uint32_t source, float* out)
{
    ub_stream* stream = open_stream(model, response, 1);
    play_source(stream, 0, source);
    play(stream, 1, out, 0, N, 777);
    ub_stream_free(stream);
}

/// How far the stems of all sources are from the mix
static double
lack_db(const char* model, ub_response response)
{
    static float all[2 * SOURCES * N], sum[N];
    ub_stream* stream = open_stream(model, response, 1);
    const uint32_t l = ub_separator_latency(ub_stream_separator(stream));
    ub_stream_free(stream);
    play_all(model, response, all);
    for (uint32_t i = 0; i < N; ++i) {
        sum[i] = all[i] + all[2 * N + i] + all[4 * N + i];
    }
    return ub_error_db(sum + l, song, N - l);
}

/* Shares are the whole mix */
static void
stems_sum_to_the_mix(void** state)
{
    (void)state;
    for (ub_response r = 0; r < UB_RESPONSES; ++r) {
        assert_true(lack_db(shares_path, r) < -110.0);
        assert_true(lack_db(own_path, r) > -40.0);
    }
}

/* In Studio, and for files, a source alone is what it is among all */
static void
one_is_as_among_all_in_studio(void** state)
{
    (void)state;
    static float all[2 * SOURCES * N], one[2 * N];
    play_all(shares_path, UB_STUDIO, all);
    for (uint32_t s = 0; s < SOURCES; ++s) {
        play_one(shares_path, UB_STUDIO, s, one);
        assert_memory_equal(one, all + (size_t)2 * s * N, sizeof(one));
    }
}

/* Where that would cost too much it has its own mask */
static void
one_has_its_own_mask_in_live(void** state)
{
    (void)state;
    static float with[2 * N], without[2 * N];
    for (ub_response r = UB_BALANCED; r < UB_RESPONSES; ++r) {
        play_one(shares_path, r, 1, with);
        play_one(own_path, r, 1, without);
        assert_memory_equal(with, without, sizeof(with));
    }
    play_one(shares_path, UB_STUDIO, 1, with);
    play_one(own_path, UB_STUDIO, 1, without);
    assert_true(memcmp(with, without, sizeof(with)));
}

/* What else is asked for at a time makes no difference to a source: outputs come and go */
static void
others_come_and_go(void** state)
{
    (void)state;
    static float all[2 * SOURCES * N], changed[2 * SOURCES * N];
    for (ub_response r = 0; r < UB_RESPONSES; ++r) {
        play_all(shares_path, r, all);
        ub_stream* stream = open_stream(shares_path, r, SOURCES);
        play_source(stream, 1, 1);
        play(stream, SOURCES, changed, 0, 6000, 500);
        play_source(stream, 0, 0);
        play(stream, SOURCES, changed, 6000, 14000, 500);
        ub_stream_play(stream, 0, &(ub_play){.gain = 1.0f}); // the delayed input
        play_source(stream, 2, 2);
        play(stream, SOURCES, changed, 14000, N, 500);
        ub_stream_free(stream);
        assert_memory_equal(changed + 2 * N, all + 2 * N, sizeof(float) * 2 * N);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stems_sum_to_the_mix),
        cmocka_unit_test(one_is_as_among_all_in_studio),
        cmocka_unit_test(one_has_its_own_mask_in_live),
        cmocka_unit_test(others_come_and_go),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
