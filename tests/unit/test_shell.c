// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What every plugin format has of a plugin: parameters, audio, models, and what a format
   that fixes the latency while it plays is spared. */

#include "plugin/shell/shell.h"

#include "tests/unit/make_model.h"
#include "tests/unit/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RATE  8000
#define BLOCK 512
#define LONG  (2 * RATE) // More than any latency and fade here

/* The bundle's own model, one of the same shape, and one with a longer window */
static char bundle[] = "/tmp/unbraid_shell.XXXXXX";
static char own[sizeof(bundle) + 32];
static char same_shape[UB_TEST_PATH_SIZE];
static char longer[UB_TEST_PATH_SIZE];

static atomic_int restarts;
static char said[256];

static void
say(void* handle, const char* line)
{
    (void)handle;
    snprintf(said, sizeof(said), "%s", line);
}

static void
restart(void* handle)
{
    (void)handle;
    atomic_fetch_add(&restarts, 1);
}

static int
setup(void** state)
{
    (void)state;
    const ub_test_model_options options = {
        .sample_rate = RATE, .window = 64, .frames = 128, .seed = 1};
    ub_test_model_options other = options;
    other.seed = 2;
    ub_test_model_options wide = options;
    wide.window = 128;
    if (!mkdtemp(bundle)) {
        return -1;
    }
    snprintf(own, sizeof(own), "%s/default.safetensors", bundle);
    return ub_test_write_model(own, &options) && ub_test_new_model(same_shape, &other) &&
                   ub_test_new_model(longer, &wide)
               ? 0
               : -1;
}

static int
teardown(void** state)
{
    (void)state;
    return unlink(own) || rmdir(bundle) || unlink(same_shape) || unlink(longer);
}

static ub_shell*
open_shell(const char* uri, bool fixed)
{
    const ub_shape* shape = ub_shapes;
    while (strcmp(shape->uri, uri)) {
        ++shape;
    }
    const ub_host host = {NULL, say, fixed ? restart : NULL};
    const ub_shell_config config = {.shape = shape, .bundle = bundle, .rate = RATE};
    atomic_store(&restarts, 0);
    said[0] = '\0';
    ub_shell* const shell = ub_shell_new(&config, &host);
    assert_non_null(shell);
    ub_shell_set(shell, UB_FREEWHEEL, 1.0f);
    ub_shell_activate(shell);
    return shell;
}

/* Run n samples of silence */
static void
run(ub_shell* shell, uint32_t n)
{
    const float* const in[UB_MAX_INS] = {NULL};
    float* const out[UB_MAX_OUTS] = {NULL};
    for (uint32_t done = 0; done < n; done += BLOCK) {
        ub_shell_run(shell, in, out, n - done < BLOCK ? n - done : BLOCK);
    }
}

static void
assert_plays(ub_shell* shell, const char* path)
{
    assert_string_equal(ub_shell_playing(shell), path);
}

/* ==== Parameters and audio ==== */

static void
test_values_are_made_clean(void** state)
{
    (void)state;
    ub_shell* shell = open_shell(UB_URI_STEREO, false);
    assert_float_equal(ub_shell_get(shell, UB_AMOUNT), 1.0, 0.0);
    ub_shell_set(shell, UB_AMOUNT, 0.25f);
    assert_float_equal(ub_shell_get(shell, UB_AMOUNT), 0.25, 0.0);
    ub_shell_set(shell, UB_AMOUNT, 7.0f);
    assert_float_equal(ub_shell_get(shell, UB_AMOUNT), 1.0, 0.0);
    ub_shell_set(shell, UB_AMOUNT, NAN);
    assert_float_equal(ub_shell_get(shell, UB_AMOUNT), 1.0, 0.0);
    ub_shell_set(shell, UB_SOURCE, 1.6f);
    assert_float_equal(ub_shell_get(shell, UB_SOURCE), 2.0, 0.0);
    ub_shell_set(shell, UB_GAIN, -INFINITY);
    assert_float_equal(ub_shell_get(shell, UB_GAIN), 0.0, 0.0);
    ub_shell_free(shell);
}

/* An impulse through the delayed mix, in blocks longer than what is run at once, with one
   input and one output left out */
static void
test_mix_comes_back_after_the_latency(void** state)
{
    (void)state;
    enum { AT = 100, N = 5000 };
    ub_shell* shell = open_shell(UB_URI_STEREO, false);
    ub_shell_set(shell, UB_AMOUNT, 0.0f);
    float* x = calloc(N, sizeof(float));
    float* y = calloc(N, sizeof(float));
    x[AT] = 1.0f;
    const float* const in[2] = {x, NULL};
    float* const out[2] = {y, NULL};
    const uint32_t latency = ub_shell_latency(shell);
    ub_shell_run(shell, in, out, N);
    assert_in_range(latency, 1, N - AT - 1);
    assert_float_equal(y[AT + latency], 1.0, 1e-5);
    assert_float_equal(y[AT + latency - 1], 0.0, 1e-5);
    assert_float_equal(y[AT + latency + 1], 0.0, 1e-5);
    assert_float_equal(ub_shell_get(shell, UB_LATENCY), latency, 0.0);
    assert_true(ub_shell_get(shell, UB_STATUS) > 0.0f);
    free(x);
    free(y);
    ub_shell_free(shell);
}

/* ==== Models ==== */

static void
test_model_takes_over_and_is_kept(void** state)
{
    (void)state;
    char kept[UB_PATH_SIZE];
    ub_shell* shell = open_shell(UB_URI_STEREO, false);
    run(shell, BLOCK);
    const uint32_t before = ub_shell_latency(shell);
    ub_shell_save(shell, kept);
    assert_string_equal(kept, "");
    ub_shell_order(shell, longer);
    run(shell, BLOCK);
    ub_shell_save(shell, kept);
    assert_string_equal(kept, longer);
    assert_plays(shell, own); // until the other's sound has come through
    assert_false(ub_shell_changed(shell));
    run(shell, LONG);
    assert_true(ub_shell_changed(shell));
    assert_false(ub_shell_changed(shell));
    assert_plays(shell, longer);
    assert_true(ub_shell_latency(shell) > before);
    assert_true(ub_shell_restore(shell, ""));
    ub_shell_activate(shell);
    assert_plays(shell, own);
    assert_int_equal(ub_shell_latency(shell), before);
    ub_shell_free(shell);
}

static void
test_model_that_cannot_be_loaded_changes_nothing(void** state)
{
    (void)state;
    ub_shell* shell = open_shell(UB_URI_STEREO, false);
    ub_shell_order(shell, "/nowhere/none.safetensors");
    run(shell, LONG);
    assert_non_null(strstr(said, "/nowhere/none.safetensors"));
    assert_true(ub_shell_changed(shell)); // so that the host is told what plays
    assert_plays(shell, own);
    assert_false(ub_shell_restore(shell, "/nowhere/else.safetensors"));
    char kept[UB_PATH_SIZE];
    ub_shell_save(shell, kept);
    assert_string_equal(kept, "/nowhere/else.safetensors"); // a session loses nothing
    ub_shell_free(shell);
}

/* Whatever waits: the loader hears of the message after it has restored */
static void
test_what_was_ordered_last_plays(void** state)
{
    (void)state;
    char kept[UB_PATH_SIZE];
    ub_shell* shell = open_shell(UB_URI_STEREO, false);
    ub_shell_order(shell, longer);
    assert_true(ub_shell_restore(shell, same_shape));
    for (int i = 0; i < 8; ++i) {
        run(shell, LONG);
    }
    assert_plays(shell, same_shape);
    ub_shell_save(shell, kept);
    assert_string_equal(kept, same_shape);
    assert_true(ub_shell_restore(shell, longer));
    ub_shell_order(shell, same_shape);
    for (int i = 0; i < 8; ++i) {
        run(shell, LONG);
    }
    assert_plays(shell, same_shape);
    ub_shell_free(shell);
}

/* A model that is away for a while: the host may say again how long its blocks are */
static void
test_block_that_was_refused_can_be_set_again(void** state)
{
    (void)state;
    char away[sizeof(own) + 8];
    snprintf(away, sizeof(away), "%s.away", own);
    assert_int_equal(rename(own, away), 0);
    ub_shell* shell = open_shell(UB_URI_STEREO, false);
    const bool first = ub_shell_set_block(shell, 8192);
    const bool second = ub_shell_set_block(shell, 8192);
    assert_int_equal(rename(away, own), 0);
    assert_false(first || second);
    assert_true(ub_shell_set_block(shell, 8192));
    run(shell, LONG);
    assert_plays(shell, own);
    ub_shell_free(shell);
}

/* The model that plays is held: its file may be away when the host's blocks get longer */
static void
test_block_needs_no_file(void** state)
{
    (void)state;
    char away[sizeof(own) + 8];
    snprintf(away, sizeof(away), "%s.away", own);
    ub_shell* shell = open_shell(UB_URI_STEREO, false);
    ub_shell_set(shell, UB_RESPONSE, UB_LIVE);
    run(shell, BLOCK);
    const uint32_t before = ub_shell_latency(shell);
    assert_int_equal(rename(own, away), 0);
    const bool set = ub_shell_set_block(shell, 8192);
    assert_int_equal(rename(away, own), 0);
    assert_true(set);
    run(shell, LONG);
    assert_true(ub_shell_latency(shell) > before);
    ub_shell_free(shell);
}

static void
test_without_a_model_the_mix_passes(void** state)
{
    (void)state;
    const ub_host host = {NULL, say, NULL};
    const ub_shell_config config = {.shape = ub_shapes, .bundle = "/nowhere", .rate = RATE};
    ub_shell* shell = ub_shell_new(&config, &host);
    assert_non_null(shell);
    assert_non_null(strstr(said, "/nowhere"));
    ub_shell_activate(shell);
    run(shell, BLOCK);
    assert_true(ub_shell_latency(shell) > 0);
    assert_float_equal(ub_shell_get(shell, UB_STATUS), 0.0, 0.0);
    ub_shell_free(shell);
}

static void
test_rates_that_cannot_be_are_refused(void** state)
{
    (void)state;
    static const double rates[] = {0.0, 7999.0, 192001.0, (double)NAN};
    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); ++i) {
        const ub_host host = {NULL, say, NULL};
        const ub_shell_config config = {.shape = ub_shapes, .bundle = bundle, .rate = rates[i]};
        said[0] = '\0';
        assert_null(ub_shell_new(&config, &host));
        assert_non_null(strstr(said, "expected 8000 to 192000"));
    }
}

/* Energy that comes back of noise through a mixer, from the start */
static double
mixed(ub_shell* shell)
{
    double power = 0.0;
    uint32_t seed = 3;
    ub_shell_activate(shell);
    for (int b = 0; b < LONG / BLOCK; ++b) {
        float x[BLOCK];
        float y[2][BLOCK];
        const float* const in[2] = {x, x};
        float* const out[2] = {y[0], y[1]};
        for (int i = 0; i < BLOCK; ++i) {
            x[i] = 0.5f * ub_random_sample(&seed);
        }
        ub_shell_run(shell, in, out, BLOCK);
        for (int i = 0; i < BLOCK; ++i) {
            power += (double)(y[0][i] * y[0][i]);
        }
    }
    return power;
}

/* A model of two stems and one of five: what it has, by name, then in its order */
static void
test_mixer_has_the_strips_of_its_model(void** state)
{
    (void)state;
    char two[UB_TEST_PATH_SIZE];
    char five[UB_TEST_PATH_SIZE];
    ub_test_model_options options = {
        .sample_rate = RATE, .window = 64, .frames = 128, .sources = 2, .seed = 5};
    assert_true(ub_test_new_model(two, &options));
    options.sources = 5;
    assert_true(ub_test_new_model(five, &options));
    ub_shell* shell = open_shell(UB_URI_MIXER, false);
    assert_string_equal(ub_shell_sources(shell), "vocals,drums,bass,other,,");
    assert_string_equal(said, "");
    assert_true(ub_shell_restore(shell, five));
    const double all = mixed(shell);
    assert_string_equal(ub_shell_sources(shell), "vocals,drums,bass,other,source4,");
    ub_shell_set(shell, UB_STRIP_SOLO + 5, 1.0f); // of what it does not have
    assert_float_equal(mixed(shell), all, 1e-9 * all);
    ub_shell_set(shell, UB_STRIP_MUTE + 4, 1.0f);
    assert_true(mixed(shell) < 0.99 * all);
    assert_true(ub_shell_restore(shell, two));
    assert_non_null(strstr(said, "no bass, other"));
    ub_shell_set(shell, UB_STRIP_SOLO + 2, 1.0f);
    assert_float_equal(mixed(shell), all, 1e-3 * all);
    ub_shell_free(shell);
    unlink(two);
    unlink(five);
}

static void
test_source_that_is_not_there_is_said(void** state)
{
    (void)state;
    char two[UB_TEST_PATH_SIZE];
    const ub_test_model_options options = {
        .sample_rate = RATE, .window = 64, .frames = 128, .sources = 2, .seed = 5};
    assert_true(ub_test_new_model(two, &options));
    ub_shell* shell = open_shell(UB_URI_STEREO, false);
    assert_true(ub_shell_restore(shell, two));
    ub_shell_activate(shell);
    run(shell, BLOCK);
    assert_true(ub_shell_get(shell, UB_STATUS) < UB_STATUSES);
    ub_shell_set(shell, UB_SOURCE, 2.0f);
    run(shell, BLOCK);
    assert_float_equal(ub_shell_get(shell, UB_STATUS), UB_STATUS_LACKING, 0.0);
    ub_shell_set(shell, UB_SOURCE, UB_BLEND); // of vocals, which it has
    run(shell, BLOCK);
    assert_true(ub_shell_get(shell, UB_STATUS) < UB_STATUSES);
    ub_shell_free(shell);
    unlink(two);
}

/* ==== A latency that stays while it plays ==== */

static void
test_other_latency_waits_for_a_restart(void** state)
{
    (void)state;
    ub_shell* shell = open_shell(UB_URI_STEREO, true);
    run(shell, BLOCK);
    const uint32_t before = ub_shell_latency(shell);
    ub_shell_order(shell, longer);
    run(shell, LONG);
    assert_int_equal(atomic_load(&restarts), 1);
    assert_plays(shell, own);
    assert_int_equal(ub_shell_latency(shell), before);
    ub_shell_activate(shell);
    assert_plays(shell, longer);
    assert_true(ub_shell_latency(shell) > before);
    run(shell, LONG);
    assert_int_equal(atomic_load(&restarts), 1);
    ub_shell_free(shell);
}

static void
test_same_latency_needs_no_restart(void** state)
{
    (void)state;
    ub_shell* shell = open_shell(UB_URI_STEREO, true);
    ub_shell_order(shell, same_shape);
    run(shell, LONG);
    assert_plays(shell, same_shape);
    assert_int_equal(atomic_load(&restarts), 0);
    ub_shell_free(shell);
}

/* A model that waits for a restart is dropped for one that was ordered after it */
static void
test_held_model_gives_way_to_a_newer_one(void** state)
{
    (void)state;
    ub_shell* shell = open_shell(UB_URI_STEREO, true);
    ub_shell_order(shell, longer);
    run(shell, LONG);
    assert_plays(shell, own);
    ub_shell_order(shell, same_shape);
    for (int i = 0; i < 200 && strcmp(ub_shell_playing(shell), same_shape); ++i) {
        run(shell, LONG / 4);
    }
    assert_plays(shell, same_shape);
    ub_shell_activate(shell);
    assert_plays(shell, same_shape);
    assert_int_equal(atomic_load(&restarts), 1);
    ub_shell_free(shell);
}

static void
test_other_response_waits_for_a_restart(void** state)
{
    (void)state;
    ub_shell* shell = open_shell(UB_URI_STEREO, true);
    run(shell, BLOCK);
    const uint32_t studio = ub_shell_latency(shell);
    ub_shell_set(shell, UB_RESPONSE, UB_LIVE);
    run(shell, LONG);
    assert_int_equal(atomic_load(&restarts), 1);
    assert_int_equal(ub_shell_latency(shell), studio);
    ub_shell_activate(shell);
    const uint32_t live = ub_shell_latency(shell); // before anything runs
    assert_true(live < studio);
    run(shell, BLOCK);
    assert_int_equal(ub_shell_latency(shell), live);
    ub_shell_set(shell, UB_RESPONSE, UB_STUDIO);
    run(shell, BLOCK);
    ub_shell_set(shell, UB_RESPONSE, UB_LIVE); // turned back: nothing waits
    run(shell, BLOCK);
    ub_shell_activate(shell);
    assert_int_equal(ub_shell_latency(shell), live);
    ub_shell_free(shell);
}

/* As in LV2 */
static void
test_response_changes_at_once_where_it_may(void** state)
{
    (void)state;
    ub_shell* shell = open_shell(UB_URI_STEMS, false);
    run(shell, BLOCK);
    const uint32_t studio = ub_shell_latency(shell);
    ub_shell_set(shell, UB_RESPONSE, UB_LIVE);
    run(shell, BLOCK);
    assert_true(ub_shell_latency(shell) < studio);
    ub_shell_free(shell);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_made_clean),
        cmocka_unit_test(test_mix_comes_back_after_the_latency),
        cmocka_unit_test(test_model_takes_over_and_is_kept),
        cmocka_unit_test(test_model_that_cannot_be_loaded_changes_nothing),
        cmocka_unit_test(test_what_was_ordered_last_plays),
        cmocka_unit_test(test_block_that_was_refused_can_be_set_again),
        cmocka_unit_test(test_block_needs_no_file),
        cmocka_unit_test(test_without_a_model_the_mix_passes),
        cmocka_unit_test(test_rates_that_cannot_be_are_refused),
        cmocka_unit_test(test_mixer_has_the_strips_of_its_model),
        cmocka_unit_test(test_source_that_is_not_there_is_said),
        cmocka_unit_test(test_other_latency_waits_for_a_restart),
        cmocka_unit_test(test_same_latency_needs_no_restart),
        cmocka_unit_test(test_held_model_gives_way_to_a_newer_one),
        cmocka_unit_test(test_other_response_waits_for_a_restart),
        cmocka_unit_test(test_response_changes_at_once_where_it_may),
    };
    return cmocka_run_group_tests_name("shell", tests, setup, teardown);
}
