// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Whether a device that nobody asked for is used: a device and a processor made up for the
   purpose, which differ in one way each. */

#include "model/contest.h"

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

static bool always(void)
{
    return true;
}

static ub_runner* no_create(const ub_model* m, char* err, size_t err_size)
{
    (void)m;
    strncpy(err, "no room", err_size);
    return NULL;
}

static ub_runner* create(const ub_model* m, char* err, size_t err_size)
{
    (void)m, (void)err, (void)err_size;
    ++runners;
    return malloc(1);
}

static void fill(const ub_item* item, uint32_t count, float scale)
{
    const size_t size = (size_t)model->net.channels * count * model->net.bins;
    for (size_t i = 0; i < size; ++i) {
        item->mask[i] = scale * (0.5f + 0.5f * sinf((float)i));
    }
}

static bool run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    (void)self, (void)n, (void)first;
    fill(items, count, gain);
    return --runs_left > 0;
}

static void destroy(ub_runner* self)
{
    --runners;
    free(self);
}

static const char* fault(const ub_runner* self)
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

static bool rival_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first,
                      uint32_t count)
{
    (void)self, (void)n, (void)first;
    usleep(50000);
    fill(items, count, 1.0f);
    return true;
}

static const ub_backend rival = {.name = "rival",
                                 .available = always,
                                 .create = create,
                                 .run = rival_run,
                                 .destroy = destroy};

static int setup(void** state)
{
    (void)state;
    const ub_test_model_options options = {.power = 1.0f, .seed = 3};
    model = ub_test_open_model(&options);
    return model ? 0 : -1;
}

static int teardown(void** state)
{
    (void)state;
    ub_model_unref(model);
    return 0;
}

static bool wins(float its_gain, int runs, char* why)
{
    gain = its_gain;
    runs_left = runs;
    *why = '\0';
    const bool won = ub_contest(model, &device, &rival, 1, why, 256);
    assert_int_equal(runners, 0);
    return won;
}

static void test_faster_device_wins(void** state)
{
    (void)state;
    char why[256];
    assert_true(wins(1.0f, 100, why));
    assert_memory_equal(why, "device takes ", 13);
    assert_non_null(strstr(why, " ms for a chunk, rival "));
}

static void test_slower_device_loses(void** state)
{
    (void)state;
    char why[256];
    gain = 1.0f;
    runs_left = 100;
    assert_false(ub_contest(model, &rival, &device, 1, why, sizeof(why)));
    assert_memory_equal(why, "device takes ", 13);
}

static void test_other_masks_lose(void** state)
{
    (void)state;
    char why[256];
    assert_true(wins(1.002f, 100, why)); // 54 dB
    assert_false(wins(1.01f, 100, why)); // 40 dB
    assert_string_equal(why, "device differs from rival (40.0 dB, expected 45 or more)");
    assert_false(wins(NAN, 100, why));
}

static void test_failing_device_loses(void** state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faster_device_wins),
        cmocka_unit_test(test_slower_device_loses),
        cmocka_unit_test(test_other_masks_lose),
        cmocka_unit_test(test_failing_device_loses),
    };
    return cmocka_run_group_tests_name("contest", tests, setup, teardown);
}
