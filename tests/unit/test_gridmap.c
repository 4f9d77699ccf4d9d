// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/gridmap.h"

#include "dsp/bands.h"
#include "dsp/stft.h"
#include "dsp/window.h"
#include "tests/unit/stub_masker.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const double rates[] = {8000,  11025, 16000, 22050, 24000,  32000,
                               44100, 48000, 88200, 96000, 176400, 192000};

static void
test_window_is_the_models_in_seconds(void** state)
{
    (void)state;
    const ub_grid grid = stub_grid(1);
    for (size_t i = 0; i < COUNT(rates); ++i) {
        const double size = ub_gridmap_size(&grid, rates[i]);
        assert_float_equal(size / rates[i] * 44100 / 2048, 1.0, 0.02);
        assert_float_equal(ub_gridmap_hop(&grid, rates[i]), 512 * rates[i] / 44100, 1e-9);
    }
    assert_int_equal(ub_gridmap_size(&grid, 44100), 2048);
    assert_int_equal(ub_gridmap_size(&grid, 88200), 4096);
}

/* FFTW is slow, and allocates memory as it runs, for sizes with large prime factors */
static void
test_fft_likes_the_size_at_any_rate(void** state)
{
    (void)state;
    const ub_grid grid = stub_grid(1);
    for (uint32_t rate = 8000; rate <= 192000; ++rate) {
        uint32_t size = ub_gridmap_size(&grid, rate);
        assert_float_equal(size * 44100.0 / rate / 2048, 1.0, 0.02);
        assert_int_equal(size % 2, 0);
        for (uint32_t p = 2; p <= 13; ++p) {
            while (size % p == 0) {
                size /= p;
            }
        }
        assert_int_equal(size, 1);
    }
}

/* A sine of amplitude a reads a * window / 4 at its bin, whatever the host's rate */
static void
test_magnitudes_are_the_models(void** state)
{
    (void)state;
    const ub_grid grid = stub_grid(1);
    static const uint32_t bins[] = {3, 20, 100, 150};
    for (size_t i = 0; i < COUNT(rates); ++i) {
        ub_gridmap* map = ub_gridmap_new(&grid, rates[i]);
        const uint32_t size = ub_gridmap_size(&grid, rates[i]);
        ub_stft* stft = ub_stft_new(size);
        float* m = calloc(grid.bins, sizeof(float));
        float* window = calloc(size, sizeof(float));
        ub_window_analysis(size, size, window);
        for (size_t k = 0; k < COUNT(bins); ++k) {
            const double hz = bins[k] * 44100.0 / 2048;
            for (uint32_t s = 0; s < size; ++s) {
                ub_stft_frame(stft)[s] = (float)(0.5 * sin(2 * M_PI * hz * s / rates[i] + 1.0));
            }
            ub_gridmap_magnitudes(map, ub_stft_analyse(stft, window), m);
            // Half of what the grids are apart, in bins, is lost between two bins
            const double apart = bins[k] * fabs(size / rates[i] * 44100 / 2048 - 1.0);
            const double lost = fmin(0.6 * apart, 0.16);
            assert_float_equal(m[bins[k] - 1] / (0.5 * 2048 / 4), 1.0, 0.01 + lost);
            assert_float_equal(m[bins[k] - 2] / (0.5 * 2048 / 8), 1.0, 0.01 + 2 * lost);
            for (uint32_t b = 0; b < grid.bins; ++b) {
                assert_true(b + 8 > bins[k] - 1 || m[b] < 1.0f);
                assert_true(b < bins[k] + 8 || m[b] < 1.0f);
            }
        }
        free(window);
        free(m);
        ub_stft_free(stft);
        ub_gridmap_free(map);
    }
}

/* Of 44.1 kHz, with bins grouped above the 140th */
static ub_grid
banded_grid(void)
{
    ub_grid grid = stub_grid(1);
    grid.kept = 140;
    grid.bins = 256;
    return grid;
}

/* A mask that is a straight line over frequency stays that line */
static void
check_straight_line(const ub_grid grid)
{
    float mask[1024];
    double centre[1024];
    ub_band_centres(&grid, centre);
    for (uint32_t b = 0; b < grid.bins; ++b) {
        mask[b] = (float)(grid.first_bin + centre[b]) / 1024.0f;
    }
    for (size_t i = 0; i < COUNT(rates); ++i) {
        ub_gridmap* map = ub_gridmap_new(&grid, rates[i]);
        const uint32_t size = ub_gridmap_size(&grid, rates[i]);
        float* gain = calloc(size / 2 + 1, sizeof(float));
        ub_gridmap_mask(map, mask, gain);
        for (uint32_t k = 0; k <= size / 2; ++k) {
            gain[k] = 0.25f + 0.5f * gain[k];
            const double hz = k * rates[i] / size;
            if (hz >= 44100.0 / 2048 && hz <= 22050) {
                assert_float_equal(gain[k], 0.25 + 0.5 * hz / 22050, 1e-4);
            } else if (hz > 22050 + 22) {
                assert_float_equal(gain[k], 0.25 + 0.5 * (1.0 - 7.5 / 1024), 1e-4);
            }
        }
        assert_float_equal(gain[0], 0.25 + 0.5 / 1024, 1e-6); // DC as the nearest bin
        free(gain);
        ub_gridmap_free(map);
    }
}

static void
test_masks_keep_their_frequency(void** state)
{
    (void)state;
    check_straight_line(stub_grid(1));
    check_straight_line(banded_grid());
}

/* Flat magnitudes stay flat in bands, up to what the host's rate has of them */
static void
test_bands_are_means(void** state)
{
    (void)state;
    const ub_grid grid = banded_grid();
    double centre[256];
    float m[256];
    ub_band_centres(&grid, centre);
    for (size_t i = 0; i < COUNT(rates); ++i) {
        ub_gridmap* map = ub_gridmap_new(&grid, rates[i]);
        const uint32_t size = ub_gridmap_size(&grid, rates[i]);
        const double top = rates[i] / 44100 * 2048 / 2 - grid.first_bin; // in bins
        float complex* spectrum = calloc(size / 2 + 1, sizeof(float complex));
        for (uint32_t k = 0; k <= size / 2; ++k) {
            spectrum[k] = (k % 2 ? 1.0f : I) * (float)size / 2048;
        }
        ub_gridmap_magnitudes(map, spectrum, m);
        for (uint32_t b = 0; b < grid.bins; ++b) {
            if (b + 1 == grid.bins ? top >= centre[b] : centre[b + 1] <= top) {
                assert_float_equal(m[b], 1.0, 1e-5);
            } else {
                assert_true(m[b] < 1.0 && (m[b] == 0.0f || centre[b - 1] < top + 1));
            }
        }
        free(spectrum);
        ub_gridmap_free(map);
    }
}

/* The matrices of model/train/bands.py for 3 kept bins of 12 and 3 bands:
   spread_matrix(12, 3, 6), and each row of it with a sum of 1 */
#define BANDS 6
#define BINS  12

static const double to_bins[BANDS][BINS] = {
    {1},
    {0, 1},
    {0, 0, 1, 0.3978814},
    {0, 0, 0, 0.6021186, 0.8770250, 0.5144782, 0.1519315},
    {0, 0, 0, 0, 0.1229750, 0.4855218, 0.8480685, 0.8731846, 0.6548885, 0.4365923, 0.2182962},
    {0, 0, 0, 0, 0, 0, 0, 0.1268154, 0.3451115, 0.5634077, 0.7817038, 1},
};

static const double to_bands[BANDS][BINS] = {
    {1},
    {0, 1},
    {0, 0, 0.7153683, 0.2846317},
    {0, 0, 0, 0.2806356, 0.4087640, 0.2397881, 0.0708123},
    {0, 0, 0, 0, 0.0337887, 0.1334024, 0.2330162, 0.2399171, 0.1799378, 0.1199585, 0.0599793},
    {0, 0, 0, 0, 0, 0, 0, 0.0450173, 0.1225086, 0.2, 0.2774914, 0.3549827},
};

static void
test_bands_are_those_of_training(void** state)
{
    (void)state;
    ub_grid grid = stub_grid(1);
    grid.window = 2 * BINS;
    grid.dft_bins = BINS;
    grid.kept = 3;
    grid.bins = BANDS;
    ub_gridmap* map = ub_gridmap_new(&grid, grid.rate);
    for (uint32_t k = 0; k < BINS; ++k) {
        float complex spectrum[BINS + 1] = {0};
        float m[BANDS];
        spectrum[1 + k] = I;
        ub_gridmap_magnitudes(map, spectrum, m);
        for (uint32_t b = 0; b < BANDS; ++b) {
            assert_float_equal(m[b], to_bands[b][k], 1e-6);
        }
    }
    for (uint32_t b = 0; b < BANDS; ++b) {
        float mask[BANDS] = {0};
        float gain[BINS + 1];
        mask[b] = 1.0f;
        ub_gridmap_mask(map, mask, gain);
        for (uint32_t k = 0; k < BINS; ++k) {
            assert_float_equal(gain[1 + k], to_bins[b][k], 1e-6);
        }
        assert_float_equal(gain[0], gain[1], 0.0);
    }
    ub_gridmap_free(map);
}

static void
test_dropped_bins_may_have_a_mask(void** state)
{
    (void)state;
    ub_grid grid = stub_grid(1);
    grid.dropped_mask = 1.0f;
    grid.dft_bins = grid.kept = grid.bins = 1000; // the model's top bins are dropped, too
    ub_gridmap* map = ub_gridmap_new(&grid, 44100);
    static float mask[1000];
    static float gain[1025];
    ub_gridmap_mask(map, mask, gain);
    assert_float_equal(gain[0], 1.0f, 0.0);
    for (uint32_t k = 1; k <= 1024; ++k) {
        assert_float_equal(gain[k], k <= 1000 ? 0.0f : 1.0f, 0.0);
    }
    ub_gridmap_free(map);
}

/* Also above the model's Nyquist frequency, where more bins are dropped than that of it alone.
   Of bins that are seen in bands, too. */
static void
test_dropped_bins_may_have_a_mean(void** state)
{
    (void)state;
    static const uint32_t nearest[] = {1, 2, 101, 500};
    static const uint32_t bands[] = {500, 300};
    static float mask[500];
    static float gain[2049];
    double centre[500];
    for (size_t i = 0; i < COUNT(nearest) * COUNT(bands); ++i) {
        const uint32_t n = nearest[i / COUNT(bands)];
        ub_grid grid = stub_grid(1);
        grid.nearest = n;
        grid.dft_bins = 500;
        grid.bins = bands[i % COUNT(bands)];
        grid.kept = grid.bins < 500 ? 200 : 500;
        ub_gridmap* map = ub_gridmap_new(&grid, 88200);
        ub_band_centres(&grid, centre);
        for (uint32_t b = 0; b < grid.bins; ++b) {
            mask[b] = (float)centre[b] / 499.0f; // a straight line from 0 to 1
        }
        ub_gridmap_mask(map, mask, gain);
        const float low = (float)(n - 1) / 998.0f;
        assert_float_equal(gain[0], low, 1e-5);
        assert_float_equal(gain[1], 0.0f, 1e-5);
        assert_float_equal(gain[500], 1.0f, 1e-5);
        for (uint32_t k = 501; k <= 2048; ++k) {
            assert_float_equal(gain[k], 1.0f - low, 1e-5);
        }
        ub_gridmap_free(map);
    }
}

/* A model for 8192 Hz in a 44.1 kHz host: what it does not know of goes on as its top */
static void
test_narrow_models_fit_wide_hosts(void** state)
{
    (void)state;
    const ub_grid grid = {.rate = 8192,
                          .window = 1024,
                          .hop = 256,
                          .frames = 128,
                          .channels = 1,
                          .first_bin = 0,
                          .dft_bins = 512,
                          .kept = 512,
                          .bins = 512,
                          .sources = 4,
                          .dropped_mask = NAN,
                          .nearest = 1};
    ub_gridmap* map = ub_gridmap_new(&grid, 44100);
    const uint32_t size = ub_gridmap_size(&grid, 44100);
    assert_float_equal(size, 1024 * 44100.0 / 8192, 20);
    float mask[512];
    float* gain = calloc(size / 2 + 1, sizeof(float));
    for (uint32_t b = 0; b < 512; ++b) {
        mask[b] = b < 256 ? 0.0f : 1.0f;
    }
    ub_gridmap_mask(map, mask, gain);
    for (uint32_t k = 0; k <= size / 2; ++k) {
        const double hz = k * 44100.0 / size;
        assert_true(hz > 2040 || gain[k] == 0.0f);
        assert_true(hz < 2048 || gain[k] == 1.0f);
    }
    free(gain);
    ub_gridmap_free(map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_is_the_models_in_seconds),
        cmocka_unit_test(test_fft_likes_the_size_at_any_rate),
        cmocka_unit_test(test_magnitudes_are_the_models),
        cmocka_unit_test(test_masks_keep_their_frequency),
        cmocka_unit_test(test_bands_are_means),
        cmocka_unit_test(test_bands_are_those_of_training),
        cmocka_unit_test(test_dropped_bins_may_have_a_mask),
        cmocka_unit_test(test_dropped_bins_may_have_a_mean),
        cmocka_unit_test(test_narrow_models_fit_wide_hosts),
    };
    return cmocka_run_group_tests_name("gridmap", tests, NULL, NULL);
}
