// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/separator.h"

#include "tests/unit/separator_rig.h"
#include "tests/unit/signal.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

/* The network may say what it likes: a mask of 1 gives the delayed input back */
static void
test_mask_of_one_reconstructs(void** state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT(rates); ++i) {
        for (uint32_t t = 0; t < COUNT(timings); ++t) {
            const ub_grid grid = stub_grid(2);
            const uint32_t l = ub_timing_latency(&grid, &timings[t], rates[i]);
            rig r = make_rig(rates[i], t, 1, l + 20000, stub_one);
            assert_int_equal(latency(&r), l);
            run_blocks(&r, 0);
            for (uint32_t c = 0; c < 2; ++c) {
                assert_true(ub_error_db(r.out[c] + l, r.in[c], r.n - l) < -120.0);
                for (uint32_t s = 0; s < l; ++s) {
                    assert_float_equal(r.out[c][s], 0.0f, 0.0);
                }
            }
            assert_int_equal(ub_separator_late_frames(r.separator), 0);
            free_rig(&r);
        }
    }
}

/* Frames n apart are never further apart than the latency has it, wherever n hops are whole or a
   frame falls between two samples */
static void
test_frames_come_within_the_latency(void** state)
{
    (void)state;
    static const double hops[] = {512.0, 512.5, 64.1, 4.1, 5.1, 512 * 48000.0 / 44100.0};
    for (uint32_t h = 0; h < COUNT(hops); ++h) {
        const ub_schedule s = {.size = 2048, .hop = hops[h]};
        for (uint32_t n = 1; n <= 60; ++n) {
            const ub_timing t = {.lookahead = n - 1, .step = 1, .deadline = 1};
            const int64_t most = ub_schedule_latency(&s, &t) - s.size;
            for (int64_t r = 0; r < 2000; ++r) {
                assert_true(ub_frame_centre(&s, r + n) - ub_frame_centre(&s, r) <= most);
            }
        }
    }
}

/* Half of the window, half of what is heard of it, and the delay */
static void
test_latency_is_what_it_says(void** state)
{
    (void)state;
    const ub_grid grid = stub_grid(2);
    assert_int_equal(ub_timing_latency(&grid, &timings[2], 44100), 2048 + 6 * 512);
    assert_int_equal(ub_timing_latency(&grid, &timings[4], 44100), 1024 + 512 + 4 * 512);
    assert_int_equal(ub_timing_latency(&grid, &timings[5], 44100), 1024 + 768 + 2 * 512);
}

static void
test_impulse_lands_at_latency(void** state)
{
    (void)state;
    static const double hosts[] = {44100, 48000, 96000};
    static const uint32_t blocks[] = {1, 64, 100, 1024, 8192, 0};
    for (uint32_t i = 0; i < COUNT(hosts); ++i) {
        for (uint32_t b = 0; b < COUNT(blocks); ++b) {
            rig r = make_rig(hosts[i], b % 2 ? 2 : 4, 1, 40000, stub_one);
            memset(r.in[0], 0, r.n * sizeof(float));
            const uint32_t at = 12345;
            r.in[0][at] = 1.0f;
            run_blocks(&r, blocks[b]);
            for (uint32_t s = 0; s < r.n; ++s) {
                assert_float_equal(r.out[0][s], s == at + latency(&r) ? 1.0f : 0.0f, 1e-6);
            }
            free_rig(&r);
        }
    }
}

static void
test_output_does_not_depend_on_blocks(void** state)
{
    (void)state;
    static const uint32_t blocks[] = {1, 64, 100, 1024, 8192, 0};
    for (uint32_t t = 0; t < 3; ++t) {
        rig whole = make_rig(48000, t, 1, 120000, wavy);
        run_part(&whole, 0, whole.n);
        for (uint32_t b = 0; b < COUNT(blocks); ++b) {
            rig r = make_rig(48000, t, 1, 120000, wavy);
            run_blocks(&r, blocks[b]);
            assert_memory_equal(r.out[0], whole.out[0], r.n * sizeof(float));
            assert_memory_equal(r.out[1], whole.out[1], r.n * sizeof(float));
            free_rig(&r);
        }
        free_rig(&whole);
    }
}

/* Gaps in which a channel is silent sound the same, to the bit, whether the other one is, so
   that nothing need be computed, or not */
static void
test_silence_is_exact(void** state)
{
    (void)state;
    for (uint32_t t = 0; t < COUNT(timings); ++t) {
        uint32_t seed = t;
        rig alone = make_rig(48000, t, 1, 400000, wavy);
        rig beside = make_rig(48000, t, 1, 400000, wavy);
        for (uint32_t at = 5000, n = 0; at + n < alone.n; at += n + ub_random(&seed) % 20000) {
            n = ub_random(&seed) % (ub_random(&seed) % 2 ? 4000 : 200000);
            n = n < alone.n - at ? n : alone.n - at;
            memset(alone.in[0] + at, 0, n * sizeof(float));
            memset(alone.in[1] + at, 0, n * sizeof(float));
            memset(beside.in[0] + at, 0, n * sizeof(float));
        }
        run_blocks(&alone, 0);
        run_blocks(&beside, 0);
        assert_memory_equal(alone.out[0], beside.out[0], alone.n * sizeof(float));
        assert_int_equal(alone.stub->submitted, beside.stub->submitted);
        assert_in_range(alone.stub->masked, 1, beside.stub->masked - 1);
        free_rig(&alone);
        free_rig(&beside);
    }
}

static void
test_keep_and_remove_sum_to_input(void** state)
{
    (void)state;
    rig r = make_rig(48000, 1, 2, 60000, wavy);
    set(r.separator, 1, (setting){.condition = {1.0f}, .dry = 1.0f, .wet = -1.0f});
    run_blocks(&r, 0);
    const uint32_t l = latency(&r);
    assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) > -20.0);
    for (uint32_t i = 0; i < r.n; ++i) {
        r.out[0][i] += r.out[2][i];
    }
    assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) < -120.0);
    free_rig(&r);
}

/* A setting made for input sample n shows on output sample n + latency, to within
   half a hop, faded over a frame */
static void
test_setting_is_timed(void** state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT(rates); ++i) {
        for (uint32_t at = 30000; at < 30000 + 5 * 211; at += 211) {
            const uint32_t t = at % 2 ? 1 : 4;
            const ub_grid grid = stub_grid(2);
            const uint32_t l = ub_timing_latency(&grid, &timings[t], rates[i]);
            rig r = make_rig(rates[i], t, 1, at + l + 40000, stub_first_source);
            for (uint32_t s = 0; s < r.n; ++s) {
                r.in[0][s] = 1.0f;
            }
            run_part(&r, 0, at);
            set(r.separator, 0, (setting){.condition = {0.0f, 1.0f}, .dry = 0.0f, .wet = 1.0f});
            run_part(&r, at, r.n - at);
            const double hop = 512 * rates[i] / 44100;
            const uint32_t fade = (uint32_t)(2 * hop) + 8;
            uint32_t crossing = 0;
            for (uint32_t s = l + 4096; s < r.n && !crossing; ++s) {
                crossing = r.out[0][s] < 0.5f ? s - l : 0;
            }
            assert_true(fabs((double)crossing - at) <= hop / 2 + 2);
            assert_float_equal(r.out[0][at + l - fade - (uint32_t)hop], 1.0f, 1e-3);
            assert_float_equal(r.out[0][at + l + fade + (uint32_t)hop], 0.0f, 1e-3);
            free_rig(&r);
        }
    }
}

static void
test_many_changes_stay_bounded(void** state)
{
    (void)state;
    rig r = make_rig(48000, 0, 1, 150000, stub_first_source);
    for (uint32_t done = 0; done < r.n; done += 100) {
        const float a = (float)(done / 100 % 97) / 97.0f;
        set(r.separator, 0, (setting){.condition = {a, 1.0f - a}, .dry = 0.0f, .wet = 1.0f});
        run_part(&r, done, r.n - done < 100 ? r.n - done : 100);
    }
    assert_int_equal(r.stub->most_conditions, UB_MAX_CONDITIONS);
    assert_finite(&r);
    free_rig(&r);
}

/* A dry output asks for no masks, and for exactly those it needs once it is wet */
static void
test_dry_output_needs_no_masks(void** state)
{
    (void)state;
    rig r = make_rig(48000, 2, 1, 100000, stub_one);
    rig wet = make_rig(48000, 2, 1, 100000, stub_one);
    set(r.separator, 0, (setting){.condition = {1.0f}, .dry = 1.0f, .wet = 0.0f});
    run_part(&r, 0, 50000);
    assert_int_equal(r.stub->masked, 0);
    set(r.separator, 0, (setting){.condition = {1.0f}, .dry = 0.0f, .wet = 1.0f});
    run_part(&r, 50000, 50000);
    run_part(&wet, 0, 100000);
    assert_int_equal(r.stub->submitted, wet.stub->submitted);
    assert_in_range(r.stub->masked, wet.stub->masked / 2 - 2, wet.stub->masked / 2 + 2);
    const uint32_t l = latency(&r);
    assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) < -120.0);
    assert_int_equal(ub_separator_late_frames(r.separator), 0);
    free_rig(&r);
    free_rig(&wet);
}

static void
test_answers_within_the_deadline_are_not_late(void** state)
{
    (void)state;
    for (uint32_t t = 0; t < COUNT(timings); ++t) {
        for (uint32_t over = 0; over < 2; ++over) {
            rig r = make_rig(44100, t, 1, 200000, stub_one);
            r.stub->delay = timings[t].deadline + over;
            run_blocks(&r, 0);
            assert_int_equal(ub_separator_late_frames(r.separator) > 0, over);
            const uint32_t l = latency(&r);
            assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) < -120.0);
            free_rig(&r);
        }
    }
}

static void
test_late_frames_keep_the_newest_mask(void** state)
{
    (void)state;
    rig r = make_rig(44100, 2, 1, 60000, stub_first_source);
    set(r.separator, 0, (setting){.condition = {0.25f}, .dry = 0.0f, .wet = 1.0f});
    run_part(&r, 0, 40000);
    r.stub->delay = STUB_NEVER;
    run_part(&r, 40000, 20000);
    assert_in_range(ub_separator_late_frames(r.separator), 30, 40);
    for (uint32_t i = 0; i < r.n; ++i) {
        r.in[0][i] *= 0.25f;
    }
    const uint32_t l = latency(&r);
    assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) < -100.0);
    free_rig(&r);
}

/* Also if every answer comes when all its frames have been played */
static void
test_answers_that_are_too_late_still_count(void** state)
{
    (void)state;
    for (uint32_t delay = timings[2].deadline + 1; delay < 20; ++delay) {
        rig r = make_rig(44100, 2, 1, 60000, stub_first_source);
        set(r.separator, 0, (setting){.condition = {0.25f}, .dry = 0.0f, .wet = 1.0f});
        r.stub->delay = delay;
        run_blocks(&r, 0);
        const uint32_t l = latency(&r);
        const uint32_t settled = 30000;
        for (uint32_t i = 0; i < r.n; ++i) {
            r.in[0][i] *= 0.25f;
        }
        assert_true(ub_error_db(r.out[0] + settled + l, r.in[0] + settled, r.n - l - settled) <
                    -100.0);
        assert_true(ub_separator_late_frames(r.separator) > 20);
        free_rig(&r);
    }
}

/* A model may have as long a hop as half its window */
static void
test_long_hops(void** state)
{
    (void)state;
    for (uint32_t i = 0; i < COUNT(rates) + 2; ++i) {
        const double rate = i < COUNT(rates) ? rates[i] : i == COUNT(rates) ? 50000 : 47952;
        rig r = make_rig(48000, 2, 1, 100000, stub_one);
        ub_separator_free(r.separator);
        r.stub->grid.hop = 1024;
        const ub_separator_config config = {rate, r.stub->grid,   &timings[2], 1, 2, 1,
                                            1,    &r.stub->masker};
        char err[256];
        r.separator = ub_separator_new(&config, err, sizeof(err));
        set(r.separator, 0, (setting){.condition = {1.0f}, .dry = 0.0f, .wet = 1.0f});
        run_blocks(&r, 0);
        const uint32_t l = latency(&r);
        assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) < -120.0);
        assert_int_equal(ub_separator_late_frames(r.separator), 0);
        free_rig(&r);
    }
}

/* No answer ever: the delayed input, every frame counted */
static void
test_silent_masker_passes_input(void** state)
{
    (void)state;
    for (int fails = 0; fails < 2; ++fails) {
        rig r = make_rig(48000, 2, 1, 60000, wavy);
        r.stub->delay = fails ? 0 : STUB_NEVER;
        r.stub->fails = fails;
        ub_separator_set_freewheel(r.separator, true);
        run_blocks(&r, 0);
        const uint32_t l = latency(&r);
        assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) < -120.0);
        assert_in_range(ub_separator_late_frames(r.separator), 90, 110);
        free_rig(&r);
    }
}

static void
test_freewheel_waits(void** state)
{
    (void)state;
    rig slow = make_rig(48000, 1, 1, 100000, wavy);
    rig fast = make_rig(48000, 1, 1, 100000, wavy);
    slow.stub->delay = 1000;
    ub_separator_set_freewheel(slow.separator, true);
    run_blocks(&slow, 8192);
    run_blocks(&fast, 64);
    assert_int_equal(ub_separator_late_frames(slow.separator), 0);
    assert_memory_equal(slow.out[0], fast.out[0], slow.n * sizeof(float));
    free_rig(&slow);
    free_rig(&fast);
}

static void
test_bad_input_does_not_stay(void** state)
{
    (void)state;
    rig r = make_rig(48000, 2, 1, 60000, stub_one);
    r.in[0][5000] = NAN;
    r.in[0][5001] = INFINITY;
    r.in[0][5002] = -INFINITY;
    r.in[0][5003] = 1e38f;
    for (uint32_t i = 6000; i < 20000; ++i) {
        r.in[0][i] = 1e-40f; // denormal
    }
    run_blocks(&r, 0);
    assert_finite(&r);
    const uint32_t l = latency(&r);
    assert_true(ub_error_db(r.out[0] + l + 20000, r.in[0] + 20000, r.n - l - 20000) < -120.0);
    for (uint32_t i = 9000 + l; i < 17000 + l; ++i) {
        assert_true(r.out[0][i] == 0.0f);
    }
    free_rig(&r);
}

static void
test_garbage_masks_do_no_harm(void** state)
{
    (void)state;
    rig r = make_rig(44100, 2, 1, 60000, stub_garbage);
    run_blocks(&r, 0);
    assert_finite(&r);
    for (uint32_t i = 0; i < r.n; ++i) {
        assert_true(fabsf(r.out[0][i]) < 4.0f);
    }
    free_rig(&r);
}

static void
test_reset_forgets(void** state)
{
    (void)state;
    rig r = make_rig(48000, 1, 1, 60000, wavy);
    rig fresh = make_rig(48000, 1, 1, 60000, wavy);
    fresh.stub->first = 0;
    run_blocks(&r, 0);
    ub_separator_reset(r.separator);
    r.stub->newest = -1;
    run_blocks(&r, 0);
    run_blocks(&fresh, 0);
    assert_memory_equal(r.out[0], fresh.out[0], r.n * sizeof(float));
    free_rig(&r);
    free_rig(&fresh);
}

/* A bounce is the same whatever went before it: here a masker that could not keep up,
   with every one of its jobs under way, and resets before anything was played */
static void
test_freewheel_after_overload_is_whole(void** state)
{
    (void)state;
    for (uint32_t t = 0; t < 3; ++t) {
        rig r = make_rig(44100, t, 1, 150000, wavy);
        rig fresh = make_rig(44100, t, 1, 150000, wavy);
        ub_separator_set_freewheel(fresh.separator, true);
        run_blocks(&fresh, 0);
        r.stub->limit = 8;
        r.stub->delay = 1000000;
        for (uint32_t again = 0; again < 9; ++again) {
            run_part(&r, 0, again ? 60000 : 150000);
            ub_separator_reset(r.separator);
        }
        r.stub->newest = -1;
        ub_separator_set_freewheel(r.separator, true);
        run_blocks(&r, 0);
        assert_int_equal(ub_separator_late_frames(r.separator), 0);
        assert_memory_equal(r.out[0], fresh.out[0], r.n * sizeof(float));
        free_rig(&r);
        free_rig(&fresh);
    }
}

static void
test_buffers_may_be_shared(void** state)
{
    (void)state;
    rig apart = make_rig(48000, 2, 1, 50000, wavy);
    memcpy(apart.in[1], apart.in[0], apart.n * sizeof(float));
    run_blocks(&apart, 333);
    rig r = make_rig(48000, 2, 1, 50000, wavy);
    for (uint32_t done = 0; done < r.n; done += 333) {
        float* one = r.in[0] + done;
        const float* in[] = {one, one};
        float* out[] = {one, one};
        ub_separator_run(r.separator, in, out, r.n - done < 333 ? r.n - done : 333);
    }
    // the last channel written is heard
    assert_memory_equal(r.in[0], apart.out[1], r.n * sizeof(float));
    free_rig(&r);
    free_rig(&apart);
}

static void
test_without_masker_input_passes(void** state)
{
    (void)state;
    const ub_separator_config config = {48000, stub_grid(2), timings, 3, 2, 1, 1, NULL};
    char err[256];
    rig r = make_rig(48000, 0, 1, 100000, stub_one);
    ub_separator_free(r.separator);
    r.separator = ub_separator_new(&config, err, sizeof(err));
    assert_non_null(r.separator);
    set(r.separator, 0, (setting){.condition = {1.0f}, .dry = 0.0f, .wet = 1.0f});
    run_blocks(&r, 0);
    const uint32_t l = latency(&r);
    assert_true(ub_error_db(r.out[0] + l, r.in[0], r.n - l) < -120.0);
    free_rig(&r);
}

static long
page_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* Once run() has been called, it never waits for the system to find it memory */
static void
test_memory_is_there_beforehand(void** state)
{
    (void)state;
    mallopt(M_MMAP_THRESHOLD, 1 << 16); // not memory that others have had
    rig r = make_rig(48000, 0, 2, 150000, NULL);
    ub_separator_free(r.separator);
    char err[256];
    const ub_separator_config config = {48000, r.stub->grid, &timings[0], 1, 2, 2, 2, NULL};
    r.separator = ub_separator_new(&config, err, sizeof(err));
    for (uint32_t c = 0; c < 4; ++c) {
        memset(r.out[c], 1, r.n * sizeof(float));
    }
    run_part(&r, 0, 1000);
    const long before = page_faults();
    for (uint32_t at = 1000; at + 1000 <= r.n; at += 1000) {
        run_part(&r, at, 1000);
    }
    // Some of the program and of the transforms' own is first used later
    assert_in_range(page_faults() - before, 0, 32);
    free_rig(&r);
}

static void
test_timing_can_be_chosen(void** state)
{
    (void)state;
    const ub_grid grid = stub_grid(2);
    rig r = make_rig(48000, 0, 1, 100000, stub_one);
    ub_separator_free(r.separator);
    const uint32_t n = COUNT(timings);
    const ub_separator_config config = {48000, grid, timings, n, 2, 1, 1, &r.stub->masker};
    char err[256];
    r.separator = ub_separator_new(&config, err, sizeof(err));
    set(r.separator, 0, (setting){.condition = {1.0f}, .dry = 0.0f, .wet = 1.0f});
    for (uint32_t t = 0; t < 2 * n; ++t) {
        ub_separator_select(r.separator, t % n);
        const uint32_t l = latency(&r);
        assert_int_equal(l, ub_timing_latency(&grid, &timings[t % n], 48000));
        run_blocks(&r, 0);
        assert_true(ub_error_db(r.out[1] + l, r.in[1], r.n - l) < -120.0);
    }
    free_rig(&r);
}

/* What one separator plays of given inputs, with a masker for so many channels */
static rig
play_channels(uint32_t audio, uint32_t model, float* const* in, uint32_t n)
{
    rig r = make_rig(48000, 1, 1, n, wavy);
    const ub_grid grid = stub_grid(model);
    ub_separator_free(r.separator);
    stub_masker_free(r.stub);
    r.stub = stub_masker_new(&grid, 1, MAX_COUNT, wavy);
    const ub_separator_config config = {48000, grid, &timings[1], 1, audio, 1, 1, &r.stub->masker};
    char err[256];
    r.separator = ub_separator_new(&config, err, sizeof(err));
    assert_non_null(r.separator);
    set(r.separator, 0, (setting){.condition = {1.0f}, .dry = 0.0f, .wet = 1.0f});
    for (uint32_t c = 0; c < audio; ++c) {
        memcpy(r.in[c], in[c], n * sizeof(float));
    }
    run_blocks(&r, 0);
    return r;
}

/* A mono model's mask goes on both channels, and it hears the mean of their magnitudes */
static void
test_mono_model_with_stereo_audio(void** state)
{
    (void)state;
    rig noise = make_rig(48000, 1, 1, 60000, wavy);
    rig both = play_channels(2, 1, noise.in, noise.n);
    rig left = play_channels(1, 1, noise.in, noise.n);
    rig right = play_channels(1, 1, noise.in + 1, noise.n);
    assert_memory_equal(both.out[0], left.out[0], noise.n * sizeof(float));
    assert_memory_equal(both.out[1], right.out[0], noise.n * sizeof(float));
    for (uint32_t b = 0; b < both.stub->grid.bins; ++b) {
        const float mean = 0.5f * (left.stub->magnitude[b] + right.stub->magnitude[b]);
        assert_float_equal(both.stub->magnitude[b], mean, 1e-6);
    }
    free_rig(&right);
    free_rig(&left);
    free_rig(&both);
    free_rig(&noise);
}

/* A stereo model hears mono audio on both channels, and the mean of its masks is heard */
static void
test_stereo_model_with_mono_audio(void** state)
{
    (void)state;
    rig noise = make_rig(48000, 1, 1, 60000, wavy);
    float* const twins[2] = {noise.in[0], noise.in[0]};
    rig mono = play_channels(1, 2, twins, noise.n);
    rig stereo = play_channels(2, 2, twins, noise.n);
    assert_memory_equal(mono.stub->magnitude, stereo.stub->magnitude,
                        2 * mono.stub->grid.bins * sizeof(float));
    for (uint32_t i = 0; i < noise.n; ++i) {
        stereo.out[0][i] = 0.5f * (stereo.out[0][i] + stereo.out[1][i]);
    }
    assert_true(ub_error_db(mono.out[0], stereo.out[0], noise.n) < -120.0);
    free_rig(&stereo);
    free_rig(&mono);
    free_rig(&noise);
}

static void
test_unfit_configurations_are_refused(void** state)
{
    (void)state;
    const ub_timing bad[] = {
        {.lookahead = 0, .step = 0, .fade = 0, .deadline = 1},
        {.lookahead = 0, .step = 1, .fade = 0, .deadline = 0},
        {.lookahead = 1, .step = 8, .fade = 2, .deadline = 1},
        {.lookahead = 0, .step = 1, .fade = 0, .deadline = 1, .heard = 1},
        {.lookahead = 100, .step = 48, .fade = 0, .deadline = 1},
    };
    char err[256];
    for (uint32_t i = 0; i < COUNT(bad); ++i) {
        const ub_separator_config config = {48000, stub_grid(2), &bad[i], 1, 2, 1, 1, NULL};
        err[0] = '\0';
        assert_null(ub_separator_new(&config, err, sizeof(err)));
        assert_non_null(strstr(err, i < 4 ? "timing 0" : "windows of 128 frames"));
    }
    for (uint32_t slots = 0; slots <= UB_MAX_SLOTS + 1; slots += UB_MAX_SLOTS + 1) {
        const ub_separator_config config = {48000, stub_grid(2), timings, 1, 2, slots, 1, NULL};
        assert_null(ub_separator_new(&config, err, sizeof(err)));
        assert_non_null(strstr(err, "slots: expected 1 to 8"));
    }
    for (uint32_t channels = 0; channels < 4; channels += 3) {
        const ub_separator_config config = {48000, stub_grid(2), timings, 1, channels, 1, 1, NULL};
        assert_null(ub_separator_new(&config, err, sizeof(err)));
        assert_non_null(strstr(err, "channels: expected 1 or 2"));
    }
    static const double bad_rates[] = {7999, 192001, NAN, 0, -44100};
    for (uint32_t i = 0; i < COUNT(bad_rates); ++i) {
        const ub_separator_config config = {bad_rates[i], stub_grid(2), timings, 1, 2, 1, 1, NULL};
        assert_null(ub_separator_new(&config, err, sizeof(err)));
        assert_non_null(strstr(err, "8000 to 192000"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask_of_one_reconstructs),
        cmocka_unit_test(test_frames_come_within_the_latency),
        cmocka_unit_test(test_latency_is_what_it_says),
        cmocka_unit_test(test_impulse_lands_at_latency),
        cmocka_unit_test(test_output_does_not_depend_on_blocks),
        cmocka_unit_test(test_silence_is_exact),
        cmocka_unit_test(test_keep_and_remove_sum_to_input),
        cmocka_unit_test(test_setting_is_timed),
        cmocka_unit_test(test_many_changes_stay_bounded),
        cmocka_unit_test(test_dry_output_needs_no_masks),
        cmocka_unit_test(test_answers_within_the_deadline_are_not_late),
        cmocka_unit_test(test_late_frames_keep_the_newest_mask),
        cmocka_unit_test(test_answers_that_are_too_late_still_count),
        cmocka_unit_test(test_long_hops),
        cmocka_unit_test(test_freewheel_after_overload_is_whole),
        cmocka_unit_test(test_silent_masker_passes_input),
        cmocka_unit_test(test_freewheel_waits),
        cmocka_unit_test(test_bad_input_does_not_stay),
        cmocka_unit_test(test_garbage_masks_do_no_harm),
        cmocka_unit_test(test_reset_forgets),
        cmocka_unit_test(test_buffers_may_be_shared),
        cmocka_unit_test(test_without_masker_input_passes),
        cmocka_unit_test(test_memory_is_there_beforehand),
        cmocka_unit_test(test_timing_can_be_chosen),
        cmocka_unit_test(test_mono_model_with_stereo_audio),
        cmocka_unit_test(test_stereo_model_with_mono_audio),
        cmocka_unit_test(test_unfit_configurations_are_refused),
    };
    return cmocka_run_group_tests_name("separator", tests, NULL, NULL);
}
