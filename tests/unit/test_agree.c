// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Whether a device that nobody asked for is used: with backends made up for the purpose, which
   differ in one way each. */

#include "model/engine/lineup.h"

#include "tests/unit/one_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static float gain; // of the device's mask
static int runs_left;
static int runners;
static useconds_t pause_us; // of a run on the device

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
    (void)self, (void)first;
    usleep(pause_us);
    for (uint32_t i = 0; i < n; ++i) {
        fill(&items[i], count, i + 1 == n ? gain : 1.0f);
    }
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
    (void)self, (void)first;
    for (uint32_t i = 0; i < n; ++i) {
        fill(&items[i], count, 1.0f);
    }
    return true;
}

static const ub_backend rival = {
    .name = "rival", .available = always, .create = create, .run = rival_run, .destroy = destroy};

static const ub_backend unable = {.name = "unable", .available = always, .create = no_create};

static bool
agrees(float its_gain, int runs, char* why)
{
    static const ub_backend* const processors[] = {&unable, &rival};
    gain = its_gain;
    runs_left = runs;
    *why = '\0';
    const bool same = ub_agree(model, &device, processors, 2, why, 256);
    assert_int_equal(runners, 0);
    return same;
}

/* However long it takes: this one is the slower, and by as much as could be measured */
static void
test_device_that_agrees_is_used(void** state)
{
    (void)state;
    char why[256];
    pause_us = 50000;
    assert_true(agrees(1.002f, 100, why));
    assert_string_equal(why, "it is there and agrees with rival (54.0 dB)");
    pause_us = 0;
}

static void
test_other_masks_are_refused(void** state)
{
    (void)state;
    char why[256];
    assert_false(agrees(1.01f, 100, why));
    assert_string_equal(why, "device differs from rival (40.0 dB, expected 45 or more)");
    assert_false(agrees(NAN, 100, why));
}

/* Of a model of several U-Nets, each output by itself: with the other, these were 46 dB */
static void
test_every_output_must_agree(void** state)
{
    (void)state;
    char why[256];
    const ub_model* const one = model;
    model = ub_test_open_golden("two", 1);
    assert_non_null(model);
    assert_int_equal(model->net.unets, 2);
    assert_true(agrees(1.002f, 100, why));
    assert_false(agrees(1.007f, 100, why));
    assert_string_equal(why, "device differs from rival (43.1 dB, expected 45 or more)");
    ub_model_unref(model);
    model = one;
}

static void
test_device_that_fails_is_refused(void** state)
{
    (void)state;
    char why[256];
    assert_false(agrees(1.0f, 1, why));
    assert_string_equal(why, "device failed: unplugged");
    device.create = no_create;
    assert_false(agrees(1.0f, 100, why));
    assert_string_equal(why, "no room");
    device.create = create;
}

/* What a line-up of a device and a processor settles on */
static const ub_backend*
settle(float its_gain, char* note)
{
    ub_lineup lineup = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .settling = PTHREAD_MUTEX_INITIALIZER,
                        .list = {&device, &rival},
                        .n = 2,
                        .unproven = true};
    gain = its_gain;
    runs_left = 2;
    ub_lineup_settle(&lineup, model);
    const int left = runs_left;
    ub_lineup_settle(&lineup, model);
    assert_int_equal(runs_left, left); // once
    ub_lineup_note(&lineup, note, UB_NOTE);
    assert_int_equal(runners, 0);
    return ub_lineup_next(&lineup, NULL);
}

static void
test_line_up_settles(void** state)
{
    (void)state;
    char note[UB_NOTE];
    assert_ptr_equal(settle(1.002f, note), &device);
    assert_string_equal(note, "device computes: it is there and agrees with rival (54.0 dB)");
    assert_ptr_equal(settle(1.01f, note), &rival);
    assert_string_equal(note, "rival computes: device differs from rival (40.0 dB, expected 45 or "
                              "more)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device_that_agrees_is_used),
        cmocka_unit_test(test_other_masks_are_refused),
        cmocka_unit_test(test_every_output_must_agree),
        cmocka_unit_test(test_device_that_fails_is_refused),
        cmocka_unit_test(test_line_up_settles),
    };
    return cmocka_run_group_tests_name("agree", tests, setup, teardown);
}
