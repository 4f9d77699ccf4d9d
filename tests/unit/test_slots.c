// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Slots and rows: what is asked of the network, and what outputs make of it. */

#include "dsp/separator.h"

#include "dsp/bits.h"
#include "tests/unit/separator_rig.h"
#include "tests/unit/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Sources whose masks have nothing to do with each other */
static float
each_its_own(const stub_masker* stub, int64_t t, const float* condition, uint32_t c, uint32_t b)
{
    float mask = 0.0f;
    for (uint32_t s = 0; s < 4; ++s) {
        const float at = (float)(t - stub->first) * (0.2f + 0.1f * (float)s) + 0.01f * (float)b;
        mask += condition[s] * (0.5f + 0.5f * sinf(at + (float)(c + 2 * s)));
    }
    return mask;
}

/* One output of four slots, one a source */
static rig
make_mixer(double rate, uint32_t n, const ub_row* row, float consistency)
{
    rig r = make_matrix(rate, 1, 4, 1, n, each_its_own);
    for (uint32_t s = 0; s < 4; ++s) {
        float condition[UB_MAX_SOURCES] = {0.0f};
        condition[s] = 1.0f;
        ub_separator_ask(r.separator, s, condition);
    }
    ub_separator_mix(r.separator, 0, row);
    ub_separator_shape(r.separator, &(ub_shaping){1.0f, consistency});
    return r;
}

/* What an output plays is the sum of what others do, each by its factor */
static void
test_rows_mix_slots(void** state)
{
    (void)state;
    const ub_row row = {.slot = {1.0f, -0.5f, 0.0f, 2.0f}, .dry = 0.25f};
    rig mixed = make_mixer(48000, 60000, &row, 0.0f);
    rig stems = make_rig(48000, 1, 5, 60000, each_its_own);
    for (uint32_t o = 0; o < 4; ++o) {
        setting stem = {.wet = 1.0f};
        stem.condition[o] = 1.0f;
        set(stems.separator, o, stem);
    }
    set(stems.separator, 4, (setting){.dry = 1.0f});
    run_blocks(&mixed, 0);
    run_blocks(&stems, 0);
    for (uint32_t c = 0; c < 2; ++c) {
        for (uint32_t i = 0; i < mixed.n; ++i) {
            float sum = row.dry * stems.out[8 + c][i];
            for (uint32_t o = 0; o < 4; ++o) {
                sum += row.slot[o] * stems.out[2 * o + c][i];
            }
            stems.out[c][i] = sum;
        }
        assert_true(ub_error_db(mixed.out[c], stems.out[c], mixed.n) < -120.0);
    }
    assert_int_equal(mixed.stub->most_conditions, 3); // not of the slot that is not heard
    free_rig(&stems);
    free_rig(&mixed);
}

/* All faders alike give the delayed input, whatever the masks are */
static void
test_equal_gains_give_the_input(void** state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT(rates); ++i) {
        const float gain = i % 2 ? 1.0f : 0.25f;
        const ub_row row = {.slot = {gain, gain, gain, gain}};
        const ub_grid grid = stub_grid(2);
        const uint32_t l = ub_timing_latency(&grid, &timings[1], rates[i]);
        rig r = make_mixer(rates[i], l + 30000, &row, 1.0f);
        run_blocks(&r, 0);
        for (uint32_t c = 0; c < 2; ++c) {
            for (uint32_t s = 0; s < r.n; ++s) {
                r.in[c][s] *= gain;
            }
            assert_true(ub_error_db(r.out[c] + l, r.in[c], r.n - l) < -120.0);
        }
        free_rig(&r);
    }
}

/* What is muted is missing, and not shared out among the others */
static void
test_muted_slots_stay_consistent(void** state)
{
    (void)state;
    const ub_row solo = {.slot = {0.0f, 1.0f}};
    const ub_row mute = {.slot = {1.0f, 0.0f, 1.0f, 1.0f}};
    rig alone = make_mixer(48000, 60000, &solo, 1.0f);
    rig rest = make_mixer(48000, 60000, &mute, 1.0f);
    run_blocks(&alone, 0);
    run_blocks(&rest, 0);
    assert_int_equal(alone.stub->most_conditions, 4);
    const uint32_t l = latency(&alone);
    assert_true(ub_error_db(alone.out[0] + l, alone.in[0], alone.n - l) > -20.0);
    for (uint32_t i = 0; i < alone.n; ++i) {
        rest.out[0][i] += alone.out[0][i];
    }
    assert_true(ub_error_db(rest.out[0] + l, rest.in[0], rest.n - l) < -120.0);
    free_rig(&rest);
    free_rig(&alone);
}

/* With all faders down there is nothing to compute, and nothing to be heard */
static void
test_silence_needs_no_masks(void** state)
{
    (void)state;
    const ub_row none = {.dry = 0.0f};
    rig r = make_mixer(48000, 60000, &none, 1.0f);
    run_blocks(&r, 0);
    assert_int_equal(r.stub->masked, 0);
    for (uint32_t s = 0; s < r.n; ++s) {
        assert_true(r.out[0][s] == 0.0f);
    }
    assert_int_equal(ub_separator_late_frames(r.separator), 0);
    free_rig(&r);
}

/* A fader that is moved at input sample n is heard on output sample n + latency, and asks
   for nothing more */
static void
test_gains_are_timed(void** state)
{
    (void)state;
    static const ub_row before = {.slot = {1.0f, 1.0f}};
    static const ub_row after = {.slot = {0.0f, 1.0f}};
    for (uint32_t at = 30000; at < 30000 + 5 * 211; at += 211) {
        rig r = make_matrix(48000, 1, 2, 1, at + 60000, stub_first_source);
        const float most[UB_MAX_SOURCES] = {0.75f}, least[UB_MAX_SOURCES] = {0.25f};
        ub_separator_ask(r.separator, 0, most);
        ub_separator_ask(r.separator, 1, least);
        ub_separator_mix(r.separator, 0, &before);
        for (uint32_t s = 0; s < r.n; ++s) {
            r.in[0][s] = 1.0f;
        }
        run_part(&r, 0, at);
        ub_separator_mix(r.separator, 0, &after);
        run_part(&r, at, r.n - at);
        uint32_t crossing = 0;
        for (uint32_t s = latency(&r) + 4096; s < r.n && !crossing; ++s) {
            crossing = r.out[0][s] < 0.625f ? s - latency(&r) : 0;
        }
        const double hop = 512 * 48000 / 44100.0;
        assert_true(fabs((double)crossing - at) <= hop / 2 + 2);
        assert_float_equal(r.out[0][r.n - 1], 0.25f, 1e-3);
        assert_int_equal(r.stub->most_conditions, 2);
        free_rig(&r);
    }
}

/* An exponent on the masks: of a quarter 1/16 for 2 and a half for 0.5 */
static void
test_strength_is_an_exponent(void** state)
{
    (void)state;
    static const struct {
        float strength, mask;
    } cases[] = {{1.0f, 0.25f}, {2.0f, 0.0625f}, {0.5f, 0.5f}};
    for (uint32_t i = 0; i < COUNT(cases); ++i) {
        rig r = make_rig(48000, 1, 2, 60000, stub_first_source);
        set(r.separator, 0, (setting){.condition = {0.25f}, .wet = 1.0f});
        set(r.separator, 1, (setting){.condition = {0.25f}, .dry = 1.0f, .wet = -1.0f});
        ub_separator_shape(r.separator, &(ub_shaping){cases[i].strength, 0.0f});
        run_blocks(&r, 0);
        const uint32_t l = latency(&r);
        for (uint32_t s = 0; s < r.n; ++s) {
            r.out[2][s] += r.out[0][s];
        }
        assert_true(ub_error_db(r.out[2] + l, r.in[0], r.n - l) < -120.0);
        for (uint32_t s = 0; s < r.n; ++s) {
            r.in[0][s] *= cases[i].mask;
        }
        assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) < -100.0);
        free_rig(&r);
    }
}

static void
test_strength_of_garbage_does_no_harm(void** state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; ++i) {
        rig r = make_rig(44100, 2, 1, 60000, stub_garbage);
        ub_separator_shape(r.separator, &(ub_shaping){i ? 0.3f : 3.0f, (float)i});
        run_blocks(&r, 0);
        assert_finite(&r);
        for (uint32_t s = 0; s < r.n; ++s) {
            assert_true(fabsf(r.out[0][s]) < 4.0f);
        }
        free_rig(&r);
    }
}

/* However many conditions one slot goes through, the others keep theirs */
static void
test_slots_keep_their_conditions(void** state)
{
    (void)state;
    rig r = make_matrix(48000, 0, UB_MAX_SLOTS, UB_MAX_SLOTS, 200000, stub_first_source);
    for (uint32_t o = 0; o < UB_MAX_SLOTS; ++o) {
        setting own = {.condition = {(float)(o + 1) / UB_MAX_SLOTS}, .wet = 1.0f};
        set(r.separator, o, own);
    }
    for (uint32_t done = 0; done < r.n; done += 100) {
        const float a = (float)(done / 100 % 97) / 97.0f;
        set(r.separator, 0, (setting){.condition = {a}, .wet = 1.0f});
        run_part(&r, done, r.n - done < 100 ? r.n - done : 100);
    }
    const uint32_t l = latency(&r);
    for (uint32_t o = 1; o < UB_MAX_SLOTS; ++o) {
        for (uint32_t s = 0; s < r.n; ++s) {
            r.out[2 * o][s] /= (float)(o + 1) / UB_MAX_SLOTS;
        }
        assert_true(ub_error_db(r.out[2 * o] + l, r.in[0], r.n - l) < -100.0);
    }
    free_rig(&r);
}

/* Jobs under way and held are as many as a timing is said to have, and no more */
static void
test_jobs_are_those_counted(void** state)
{
    (void)state;
    for (uint32_t t = 0; t < COUNT(timings); ++t) {
        rig r = make_rig(44100, t, 1, 300000, stub_one);
        r.stub->delay = timings[t].deadline;
        uint32_t most = 0;
        for (uint32_t done = 0; done + 100 <= r.n; done += 100) {
            run_part(&r, done, 100);
            const uint32_t held = r.stub->submitted - r.stub->released;
            most = held > most ? held : most;
        }
        assert_int_equal(ub_separator_late_frames(r.separator), 0);
        assert_int_equal(most, ub_timing_jobs(&timings[t]));
        free_rig(&r);
    }
    const ub_room room = ub_timings_room(timings, COUNT(timings));
    for (uint32_t t = 0; t < COUNT(timings); ++t) {
        const uint32_t count = ub_timing_count(&timings[t]);
        assert_true(room.max_count >= count);
        assert_true(room.jobs > ub_timing_jobs(&timings[t]));
        assert_true(room.mask_frames >= count * ub_timing_jobs(&timings[t]));
    }
}

/* After a reset no window reaches back to a frame from before it */
static void
test_epochs_are_apart(void** state)
{
    (void)state;
    uint32_t seed = 1;
    for (int i = 0; i < 1000; ++i) {
        const int64_t end = ub_random(&seed) % 100000;
        const uint32_t window = 1 + ub_random(&seed) % 600;
        const int64_t epoch = ub_epoch_after(end, window);
        assert_true(epoch - window >= end);
        assert_int_equal(epoch % (int64_t)ub_power_of_two(window), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_mix_slots),
        cmocka_unit_test(test_equal_gains_give_the_input),
        cmocka_unit_test(test_muted_slots_stay_consistent),
        cmocka_unit_test(test_silence_needs_no_masks),
        cmocka_unit_test(test_gains_are_timed),
        cmocka_unit_test(test_strength_is_an_exponent),
        cmocka_unit_test(test_strength_of_garbage_does_no_harm),
        cmocka_unit_test(test_slots_keep_their_conditions),
        cmocka_unit_test(test_jobs_are_those_counted),
        cmocka_unit_test(test_epochs_are_apart),
    };
    return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
