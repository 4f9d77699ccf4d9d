// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What the follower of a stream's level does; test_stream.c has it in a stream. */

#include "dsp/level.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define HOP    0.01
#define TARGET -20.0 // dB, 0.01

/* The gain, in dB, after so many frames of a power in dB */
static double
gain_db(ub_level* f, double power_db, int frames)
{
    float gain = 0.0f;
    for (int i = 0; i < frames; ++i) {
        gain = ub_level_next(f, pow(10.0, power_db / 10.0));
    }
    return 20.0 * log10((double)gain);
}

/* What is gained is the same, whatever the level, from the first frame on */
static void
test_level_is_reached_at_once(void** state)
{
    (void)state;
    for (double level = -60.0; level <= 20.0; level += 10.0) {
        ub_level f = ub_level_new(TARGET, HOP);
        assert_float_equal(gain_db(&f, level, 1), TARGET - level, 1e-4);
        assert_float_equal(gain_db(&f, level, 1000), TARGET - level, 1e-4);
    }
}

static void
test_without_a_level_nothing_changes(void** state)
{
    (void)state;
    ub_level f = ub_level_new(0.0, HOP);
    for (double level = -120.0; level <= 120.0; level += 10.0) {
        assert_true(ub_level_next(&f, pow(10.0, level / 10.0)) == 1.0f);
    }
}

/* Silence, and what is as good as that, changes nothing, before sound and after it */
static void
test_silence_keeps_the_gain(void** state)
{
    (void)state;
    ub_level f = ub_level_new(TARGET, HOP);
    assert_true(ub_level_next(&f, 0.0) == 1.0f);
    assert_float_equal(gain_db(&f, TARGET - 71.0, 1000), 0.0, 1e-4);
    assert_float_equal(gain_db(&f, -40.0, 100), 20.0, 1e-4);
    assert_true(ub_level_next(&f, 0.0) == ub_level_next(&f, 0.0));
    assert_float_equal(gain_db(&f, TARGET - 71.0, 100000), 20.0, 1e-4);
    assert_float_equal(gain_db(&f, -40.0, 1), 20.0, 1e-4);
}

/* A pause of a second changes little; a quiet part is followed within some seconds */
static void
test_pauses_are_not_followed(void** state)
{
    (void)state;
    ub_level f = ub_level_new(TARGET, HOP);
    gain_db(&f, -20.0, 1000);
    assert_in_range((int)(100 * gain_db(&f, -60.0, 100)), 100, 200);
    assert_in_range((int)gain_db(&f, -60.0, 3000), 35, 40);
}

/* Hiss before a song does not make the network deaf to it: at once within 20 dB, after a
   second within 10, after three within 3 of what it wants */
static void
test_bursts_are_followed(void** state)
{
    (void)state;
    ub_level f = ub_level_new(TARGET, HOP);
    assert_float_equal(gain_db(&f, -80.0, 3000), 60.0, 1e-3);
    const double late = gain_db(&f, -10.0, 1) - (TARGET + 10.0);
    assert_in_range((int)late, 10, 23);
    assert_in_range((int)(gain_db(&f, -10.0, 99) - (TARGET + 10.0)), 3, 7);
    assert_in_range((int)(10 * (gain_db(&f, -10.0, 200) - (TARGET + 10.0))), 5, 30);
}

/* What no sound is as loud as, another plugin's fault, does not make the network deaf for a
   minute; as the first thing there is it sets nothing */
static void
test_faults_keep_the_gain(void** state)
{
    (void)state;
    ub_level f = ub_level_new(TARGET, HOP);
    assert_float_equal(gain_db(&f, 120.0, 10), 0.0, 1e-4);
    assert_float_equal(gain_db(&f, -30.0, 100), 10.0, 1e-4);
    assert_float_equal(gain_db(&f, TARGET + 51.0, 10), 10.0, 1e-4);
    assert_float_equal(gain_db(&f, INFINITY, 1), 10.0, 1e-4);
    assert_float_equal(gain_db(&f, -30.0, 1), 10.0, 1e-4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_level_is_reached_at_once),
        cmocka_unit_test(test_without_a_level_nothing_changes),
        cmocka_unit_test(test_silence_keeps_the_gain),
        cmocka_unit_test(test_pauses_are_not_followed),
        cmocka_unit_test(test_bursts_are_followed),
        cmocka_unit_test(test_faults_keep_the_gain),
    };
    return cmocka_run_group_tests_name("level", tests, NULL, NULL);
}
