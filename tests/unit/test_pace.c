// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Who is ahead of real time: not a sound card, whatever rate it really has. */

#include "plugin/shell/pace.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TOLD  44100.0
#define BLOCK 1024

/* Seconds of audio in blocks that come at `speed` times real time; how often it seems ahead.
   In each block that it does it is kept waiting for so long. */
static unsigned
play(ub_pace* pace, double* now, double seconds, double speed, double wait)
{
    unsigned ahead = 0;
    for (double t = 0.0; t < seconds; t += BLOCK / TOLD) {
        *now += BLOCK / TOLD / speed;
        if (ub_pace_ahead(pace, BLOCK, *now)) {
            ++ahead;
            *now += wait;
            ub_pace_waited(pace, wait);
        }
    }
    return ahead;
}

static void
test_sound_cards_are_never_ahead(void** state)
{
    (void)state;
    static const double speeds[] = {0.5, 1.0, 1.02, 48000.0 / 44100.0};
    for (size_t i = 0; i < sizeof(speeds) / sizeof(*speeds); ++i) {
        ub_pace pace = {.rate = TOLD};
        double now = 1.0;
        assert_int_equal(play(&pace, &now, 3600.0, speeds[i], 0.0), 0);
    }
}

/* A server's period of 4096 samples, in blocks of 64 that all come at once, and late now and then
 */
static void
test_bursts_are_not_ahead(void** state)
{
    (void)state;
    ub_pace pace = {.rate = TOLD};
    for (unsigned period = 0; period < 10000; ++period) {
        const double late = period % 10 == 9 ? 0.09 : 0.0;
        for (unsigned block = 0; block < 64; ++block) {
            assert_false(ub_pace_ahead(&pace, 64, 1.0 + period * 4096 / TOLD + late));
        }
    }
}

static void
test_bounce_is_ahead_and_stays_so(void** state)
{
    (void)state;
    ub_pace pace = {.rate = TOLD};
    double now = 1.0;
    const unsigned blocks = (unsigned)(10.0 * TOLD / BLOCK);
    assert_in_range(play(&pace, &now, 10.0, 50.0, 0.0), blocks - 20, blocks);
    /* Kept waiting for longer than the audio lasts, by a slow machine */
    assert_in_range(play(&pace, &now, 10.0, 50.0, 2.0 * BLOCK / TOLD), blocks, blocks + 1);
    /* A moment in which the host itself was busy */
    now += 0.2;
    assert_in_range(play(&pace, &now, 10.0, 50.0, 0.0), blocks, blocks + 1);
}

/* However long the bounce was */
static void
test_real_time_after_a_bounce_is_noticed(void** state)
{
    (void)state;
    ub_pace pace = {.rate = TOLD};
    double now = 1.0;
    assert_true(play(&pace, &now, 600.0, 50.0, 0.0) > 0);
    play(&pace, &now, 2.0, 1.0, 0.0);
    assert_int_equal(play(&pace, &now, 60.0, 1.0, 0.0), 0);
}

static void*
bounce(void* ahead)
{
    ub_pace pace = {.rate = TOLD};
    double now = 1.0;
    *(unsigned*)ahead = play(&pace, &now, 10.0, 50.0, 0.0);
    return NULL;
}

static void
test_real_time_thread_is_never_ahead(void** state)
{
    (void)state;
    const struct sched_param lowest = {sched_get_priority_min(SCHED_RR)};
    unsigned ahead = 0;
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attr, SCHED_RR);
    pthread_attr_setschedparam(&attr, &lowest);
    const int failed = pthread_create(&thread, &attr, bounce, &ahead);
    pthread_attr_destroy(&attr);
    if (failed) {
        skip(); // not allowed to this user
    }
    pthread_join(thread, NULL);
    assert_int_equal(ahead, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_cards_are_never_ahead),
        cmocka_unit_test(test_bursts_are_not_ahead),
        cmocka_unit_test(test_bounce_is_ahead_and_stays_so),
        cmocka_unit_test(test_real_time_after_a_bounce_is_noticed),
        cmocka_unit_test(test_real_time_thread_is_never_ahead),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
