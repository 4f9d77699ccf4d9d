// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What is heard of the mix, by frequency. */

#include "dsp/separator.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define RATE  48000
#define BLOCK 480

static const ub_timing timing = {.step = 1, .deadline = 1};

// Without a masker every mask is 1
static ub_separator*
make(uint32_t channels, uint32_t outputs)
{
    const ub_separator_config config = {
        .rate = RATE,
        .grid = {.rate = 44100,
                 .window = 2048,
                 .hop = 512,
                 .bins = 1024,
                 .first_bin = 1,
                 .dft_bins = 1024,
                 .kept = 1024,
                 .frames = 128,
                 .channels = 2,
                 .sources = 4},
        .timing = &timing,
        .timings = 1,
        .channels = channels,
        .slots = outputs,
        .outputs = outputs,
    };
    char err[200];
    ub_separator* self = ub_separator_new(&config, err, sizeof(err));
    assert_non_null(self);
    return self;
}

/// Run seconds of a sine, of an amplitude on each channel
static void
play(ub_separator* self, double hertz, float left, float right, double seconds)
{
    static float in[2][BLOCK], out[8][BLOCK];
    const float* ins[2] = {in[0], in[1]};
    float* outs[8];
    for (int c = 0; c < 8; ++c) {
        outs[c] = out[c];
    }
    for (int n = 0; n < seconds * RATE; n += BLOCK) {
        for (int i = 0; i < BLOCK; ++i) {
            const float s = (float)sin(2.0 * M_PI * hertz * (n + i) / RATE);
            in[0][i] = left * s;
            in[1][i] = right * s;
        }
        ub_separator_run(self, ins, outs, BLOCK);
    }
}

static int
loudest(const float* bands)
{
    int most = 0;
    for (int b = 1; b < UB_TAP_BANDS; ++b) {
        most = bands[b] > bands[most] ? b : most;
    }
    return most;
}

/// All that is in the bands, dB
static double
total(const float* bands)
{
    double sum = 0;
    for (int b = 0; b < UB_TAP_BANDS; ++b) {
        sum += pow(10.0, 0.1 * (double)bands[b]);
    }
    return 10.0 * log10(sum);
}

static int
band_at(double hertz)
{
    return (int)(UB_TAP_BANDS * log2(hertz / 30.0) / log2(20000.0 / 30.0));
}

static void
test_levels(void** state)
{
    (void)state;
    static const double tones[] = {440, 1000, 9000};
    for (int t = 0; t < 3; ++t) {
        ub_separator* self = make(2, 1);
        ub_separator_mix(self, 0, &(ub_row){.dry = 0.1f});
        ub_tap* tap = ub_separator_tap(self);
        ub_tap_set_open(tap, true);
        ub_tap_levels levels;
        play(self, tones[t], 1.0f, 1.0f, 0.5);
        ub_tap_read(tap, &levels); // with the edge
        play(self, tones[t], 1.0f, 1.0f, 0.5);
        const uint32_t frames = ub_tap_read(tap, &levels);
        assert_in_range(frames, 42, 44); // a hop is 557.28 samples
        assert_in_range(loudest(levels.mix), band_at(tones[t]) - 1, band_at(tones[t]) + 1);
        assert_float_equal(total(levels.mix), 0.0, 0.1);     // full scale
        assert_float_equal(total(levels.heard), -20.0, 0.1); // a tenth of it
        assert_float_equal(levels.part[0], -20.0, 0.1);
        assert_float_equal(levels.owner[loudest(levels.mix)], 0, 0);
        assert_int_equal(ub_tap_read(tap, &levels), 0);
        ub_separator_free(self);
    }
}

// Power is the mean of the channels
static void
test_channels(void** state)
{
    (void)state;
    ub_separator* self = make(2, 1);
    ub_tap* tap = ub_separator_tap(self);
    ub_tap_set_open(tap, true);
    ub_tap_levels levels;
    play(self, 1000, 1.0f, 0.0f, 0.5);
    ub_tap_read(tap, &levels);
    play(self, 1000, 1.0f, 0.0f, 0.5);
    ub_tap_read(tap, &levels);
    assert_float_equal(total(levels.mix), -3.01, 0.1);
    assert_float_equal(total(levels.heard), -100.0, 0.5); // 96 bands of silence
    assert_float_equal(levels.owner[loudest(levels.mix)], -1, 0);
    ub_separator_free(self);
}

static void
test_parts(void** state)
{
    (void)state;
    ub_separator* self = make(2, 4);
    for (uint32_t o = 0; o < 4; ++o) {
        ub_separator_mix(self, o, &(ub_row){.dry = o == 2 ? 0.5f : 0.01f});
    }
    ub_tap* tap = ub_separator_tap(self);
    ub_tap_set_open(tap, true);
    ub_tap_levels levels;
    play(self, 500, 1.0f, 1.0f, 0.5);
    ub_tap_read(tap, &levels);
    play(self, 500, 1.0f, 1.0f, 0.5);
    ub_tap_read(tap, &levels);
    assert_float_equal(levels.owner[loudest(levels.mix)], 2, 0);
    assert_float_equal(levels.part[2], -6.02, 0.1);
    assert_float_equal(levels.part[0], -40.0, 0.1);
    ub_separator_free(self);
}

// Shut, it sees nothing; and what is heard is the same to the bit either way
static void
test_shut(void** state)
{
    (void)state;
    ub_separator* self = make(1, 1);
    ub_tap_levels levels;
    play(self, 500, 1.0f, 1.0f, 0.2);
    assert_int_equal(ub_tap_read(ub_separator_tap(self), &levels), 0);
    ub_tap_set_open(ub_separator_tap(self), true);
    play(self, 500, 1.0f, 1.0f, 0.2);
    ub_tap_set_open(ub_separator_tap(self), false);
    assert_int_equal(ub_tap_read(ub_separator_tap(self), &levels), 0);
    ub_separator_free(self);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_shut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
