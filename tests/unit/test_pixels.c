// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/file/half.h"
#include "model/network/model.h"
#include "model/conv/pixels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CHANNELS 37U ///< Not a multiple of any vector's length
#define PIXELS   19U
#define STEP     45U ///< Values from pixel to pixel

/// Raw values, scales and shifts that reach both sides of 0 and large sizes
static void
fill(float* raw, float* scale, float* shift)
{
    for (uint32_t i = 0; i < PIXELS * STEP; ++i) {
        raw[i] = (float)((i * 7919U) % 2001U) / 50.0f - 20.0f;
    }
    for (uint32_t c = 0; c < CHANNELS; ++c) {
        scale[c] = c % 5 ? 0.7f + (float)c / 60.0f : -3.0f;
        shift[c] = (float)c / 9.0f - 2.0f;
    }
}

static void
check_finish(const ub_activation* activation, bool after)
{
    static float raw[PIXELS * STEP];
    static float out[PIXELS * STEP];
    float scale[CHANNELS];
    float shift[CHANNELS];
    float gain[CHANNELS];
    fill(raw, scale, shift);
    for (uint32_t c = 0; c < CHANNELS; ++c) {
        gain[c] = 0.3f * (float)c - 4.0f;
    }
    memset(out, 0x55, sizeof(out));
    const ub_finish finish = {activation, scale, shift, after ? gain : NULL, shift, CHANNELS};
    ub_finish_pixels(&finish, raw, STEP, out, STEP, PIXELS);
    for (uint32_t i = 0; i < PIXELS; ++i) {
        for (uint32_t c = 0; c < STEP; ++c) {
            const uint32_t at = i * STEP + c;
            if (c >= CHANNELS) { // between the pixels, nothing is touched
                assert_true(ub_float_from_bits(0x55555555) == out[at]);
                continue;
            }
            const double x = (double)raw[at] * (double)scale[c] + (double)shift[c];
            const double y = ub_activate(activation, x);
            const double expected = after ? y * (double)gain[c] + (double)shift[c] : y;
            assert_true(fabs((double)out[at] - expected) <=
                        (fabs(expected) + fabs(y)) * 1e-6 + 1e-5);
        }
    }
}

static void
pixels_are_finished(void** state)
{
    (void)state;
    static const ub_activation activations[] = {{UB_LINEAR, 0.0f},     {UB_RELU, 0.0f},
                                                {UB_LEAKY_RELU, 0.2f}, {UB_SIGMOID, 0.0f},
                                                {UB_TANH, 0.0f},       {UB_ELU, 0.0f}};
    for (size_t i = 0; i < sizeof(activations) / sizeof(activations[0]); ++i) {
        check_finish(&activations[i], false);
        check_finish(&activations[i], true);
    }
}

/// Every second value of a plane, more of them than are handled together
static void
planes_are_finished(void** state)
{
    (void)state;
    static float raw[3 * 700];
    static float out[2 * 700];
    const ub_activation sigmoid = {UB_SIGMOID, 0.0f};
    const float scale[] = {9.0f, 1.0f, 1.0f};
    const float shift[] = {9.0f, 0.5f, 9.0f};
    const ub_finish finish = {&sigmoid, scale, shift, NULL, NULL, 3};
    for (uint32_t i = 0; i < 700; ++i) {
        raw[3 * i + 1] = (float)i / 3.5f - 100.0f;
        out[2 * i + 1] = 7.0f;
    }
    ub_finish_plane(&finish, 1, raw + 1, 3, out, 2, 700);
    for (uint32_t i = 0; i < 700; ++i) {
        const double expected = 1.0 / (1.0 + exp(-((double)raw[3 * i + 1] + 0.5)));
        assert_true(fabs((double)out[2 * i] - expected) < 3e-7);
        assert_true(out[2 * i + 1] == 7.0f);
    }
}

static void
masks_are_finite(void** state)
{
    (void)state;
    const float raw[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f};
    float out[5];
    const ub_activation sigmoid = {UB_SIGMOID, 0.0f};
    const float one = 1.0f;
    const float zero = 0.0f;
    const ub_finish finish = {&sigmoid, &one, &zero, NULL, NULL, 1};
    ub_finish_plane(&finish, 0, raw, 1, out, 1, 5);
    for (int i = 0; i < 5; ++i) {
        assert_true(out[i] >= 0.0f && out[i] <= 1.0f);
    }
}

static void
planes_become_pixels(void** state)
{
    (void)state;
    const float planes[] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
    float pixels[6];
    const float expected[] = {1.0f, 4.0f, 2.0f, 5.0f, 3.0f, 6.0f};
    ub_planes_to_pixels(planes, 2, 3, pixels);
    assert_memory_equal(pixels, expected, sizeof(expected));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_are_finished),
        cmocka_unit_test(planes_are_finished),
        cmocka_unit_test(masks_are_finite),
        cmocka_unit_test(planes_become_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
