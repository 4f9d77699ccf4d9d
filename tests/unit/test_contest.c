// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Whether what nobody asked for is used, a device or the processor in less precision: backends
   made up for the purpose, which differ in one way each. */

#include "model/engine/lineup.h"

#include "tests/unit/make_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const ub_model* model;
static float gain; // of the device's mask
static int runs_left;
static int runners;

static bool
always(void)
{
    return true;
}

static ub_runner*
no_create(const ub_model* m, char* err, size_t err_size)
{
    (void)m;
    strncpy(err, "no room", err_size);
    return NULL;
}

static ub_runner*
create(const ub_model* m, char* err, size_t err_size)
{
    (void)m, (void)err, (void)err_size;
    ++runners;
    return malloc(1);
}

static void
fill(const ub_item* item, uint32_t count, float scale)
{
    const size_t size = (size_t)model->net.channels * count * model->net.bins;
    for (size_t i = 0; i < size; ++i) {
        item->mask[i] = scale * (0.5f + 0.5f * sinf((float)i));
    }
}

static bool
run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    (void)self, (void)n, (void)first;
    fill(items, count, gain);
    return --runs_left > 0;
}

static void
destroy(ub_runner* self)
{
    --runners;
    free(self);
}

static const char*
fault(const ub_runner* self)
{
    (void)self;
    return "unplugged";
}

static ub_backend device = {.name = "device",
                            .available = always,
                            .create = create,
                            .run = run,
                            .destroy = destroy,
                            .device = true,
                            .fault = fault};

static bool
rival_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    (void)self, (void)n, (void)first;
    usleep(50000);
    fill(items, count, 1.0f);
    return true;
}

static const ub_backend rival = {
    .name = "rival", .available = always, .create = create, .run = rival_run, .destroy = destroy};

static int
setup(void** state)
{
    (void)state;
    const ub_test_model_options options = {.power = 1.0f, .seed = 3};
    model = ub_test_open_model(&options);
    return model ? 0 : -1;
}

static int
teardown(void** state)
{
    (void)state;
    ub_model_unref(model);
    return 0;
}

static bool
contest(const ub_backend* challenger, const ub_backend* processor, char* why)
{
    ub_winner winner;
    const bool won = ub_contest(model, challenger, processor, &winner, why, 256);
    const ub_backend* expected = won ? challenger : processor;
    assert_ptr_equal(winner.backend, expected);
    assert_true(!winner.runner || !expected->device); // only a processor's is kept
    ub_winner_drop(&winner);
    return won;
}

static bool
wins(float its_gain, int runs, char* why)
{
    gain = its_gain;
    runs_left = runs;
    *why = '\0';
    const bool won = contest(&device, &rival, why);
    assert_int_equal(runners, 0);
    return won;
}

static void
test_faster_device_wins(void** state)
{
    (void)state;
    char why[256];
    assert_true(wins(1.0f, 100, why));
    assert_memory_equal(why, "device takes ", 13);
    assert_non_null(strstr(why, " ms for a chunk, rival "));
}

static void
test_slower_device_loses(void** state)
{
    (void)state;
    char why[256];
    gain = 1.0f;
    runs_left = 100;
    assert_false(contest(&rival, &device, why));
    assert_memory_equal(why, "device takes ", 13);
}

static void
test_other_masks_lose(void** state)
{
    (void)state;
    char why[256];
    assert_true(wins(1.002f, 100, why)); // 54 dB
    assert_false(wins(1.01f, 100, why)); // 40 dB
    assert_string_equal(why, "device differs from rival (40.0 dB, expected 45 or more)");
    assert_false(wins(NAN, 100, why));
}

static void
test_failing_device_loses(void** state)
{
    (void)state;
    char why[256];
    assert_false(wins(1.0f, 3, why));
    assert_string_equal(why, "device failed: unplugged");
    device.create = no_create;
    assert_false(wins(1.0f, 100, why));
    assert_string_equal(why, "no room");
    device.create = create;
}

// Less precision on the same processor
static useconds_t chunk_time;

static bool
half_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    usleep(chunk_time);
    return run(self, items, n, first, count);
}

static const ub_backend half = {.name = "half",
                                .available = always,
                                .create = create,
                                .run = half_run,
                                .destroy = destroy,
                                .fault = fault,
                                .gain = 1.2};

static void
test_precision_is_given_up_for_enough_alone(void** state)
{
    (void)state;
    char why[256] = "";
    gain = 1.0f;
    runs_left = 100;
    chunk_time = 25000; // of the rival's 50 ms
    assert_true(contest(&half, &rival, why));
    chunk_time = 47000;
    assert_false(contest(&half, &rival, why));
    assert_memory_equal(why, "rival takes ", 12);
    assert_non_null(strstr(why, ", too little for its precision"));
    gain = 1.01f;
    chunk_time = 0;
    assert_false(contest(&half, &rival, why));
    assert_int_equal(runners, 0);
}

// A line-up of one that must prove itself and one that need not
static const ub_backend*
settle(const ub_backend* challenger, const ub_backend* processor)
{
    ub_lineup lineup = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .contest = PTHREAD_MUTEX_INITIALIZER,
                        .list = {challenger, processor},
                        .n = 2,
                        .open = 1};
    char why[UB_NOTE] = "";
    ub_winner winner;
    ub_lineup_settle(&lineup, model, &winner);
    ub_lineup_reason(&lineup, why, sizeof(why));
    ub_winner_drop(&winner);
    assert_int_equal(runners, 0);
    assert_int_equal(lineup.open, 0);
    assert_true(*why);
    return ub_lineup_next(&lineup, NULL);
}

/* What was found out of a processor holds for the process; a device proves itself to each
   engine, as another one may have lost it meanwhile */
static void
test_processors_compete_once(void** state)
{
    (void)state;
    static ub_backend other;
    other = half;
    gain = 1.0f;
    chunk_time = 0;
    runs_left = 100;
    assert_ptr_equal(settle(&half, &rival), &half);
    const int left = runs_left;
    assert_true(left < 100);
    gain = 1.01f; // it would lose now
    assert_ptr_equal(settle(&half, &rival), &half);
    assert_int_equal(runs_left, left);
    assert_ptr_equal(settle(&other, &rival), &rival);
    assert_true(runs_left < left);
    gain = 1.0f;
    runs_left = 100;
    assert_ptr_equal(settle(&device, &rival), &device);
    gain = 1.01f;
    assert_ptr_equal(settle(&device, &rival), &rival);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faster_device_wins),
        cmocka_unit_test(test_slower_device_loses),
        cmocka_unit_test(test_other_masks_lose),
        cmocka_unit_test(test_failing_device_loses),
        cmocka_unit_test(test_precision_is_given_up_for_enough_alone),
        cmocka_unit_test(test_processors_compete_once),
    };
    return cmocka_run_group_tests_name("contest", tests, setup, teardown);
}
