// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/conv/pixels.h"

#include "model/conv/clones.h"

#include <string.h>

#define RUN 256U ///< Values finished together

/// e^x within 2e-7 of it, in a form that compilers make vectors of; 0 for NaN
UB_INLINE float
exp_of(float x)
{
    const float above = x > -87.0f ? x : -87.0f;
    const float limited = above < 88.0f ? above : 88.0f;
    // Adding 1.5 * 2^23 rounds to a whole number n, which is then in the lowest bits
    const float shifted = limited * 1.44269504f + 12582912.0f;
    const float n = shifted - 12582912.0f;
    // x - n ln 2, with ln 2 in two parts so that the difference is exact
    const float r = limited - n * 0.693359375f + n * 2.12194440e-4f;
    float y = 1.0f / 720.0f;
    y = y * r + 1.0f / 120.0f;
    y = y * r + 1.0f / 24.0f;
    y = y * r + 1.0f / 6.0f;
    y = y * r + 0.5f;
    y = y * r + 1.0f;
    y = y * r + 1.0f;
    uint32_t bits = 0;
    float power = 0.0f;
    memcpy(&bits, &shifted, sizeof(bits));
    bits = (bits + 127U) << 23;
    memcpy(&power, &bits, sizeof(power));
    return y * power;
}

UB_INLINE float
sigmoid(float x)
{
    return 1.0f / (1.0f + exp_of(-x));
}

float
ub_activation_slope(const ub_activation* activation)
{
    return activation->kind == UB_LEAKY_RELU ? activation->slope
                                             : (activation->kind == UB_RELU ? 0.0f : 1.0f);
}

bool
ub_activation_is_smooth(const ub_activation* activation)
{
    return activation->kind == UB_SIGMOID || activation->kind == UB_TANH;
}

UB_CLONES static void
smooth(const ub_activation* activation, float* values, size_t n)
{
    if (activation->kind == UB_SIGMOID) {
        for (size_t i = 0; i < n; ++i) {
            values[i] = sigmoid(values[i]);
        }
    } else {
        for (size_t i = 0; i < n; ++i) {
            values[i] = 2.0f * sigmoid(2.0f * values[i]) - 1.0f;
        }
    }
}

UB_CLONES void
ub_planes_to_pixels(const float* planes, uint32_t channels, size_t pixels, float* out)
{
    for (uint32_t c = 0; c < channels; ++c) {
        const float* from = planes + c * pixels;
        float* to = out + c;
        for (size_t i = 0; i < pixels; ++i) {
            to[i * channels] = from[i];
        }
    }
}

UB_CLONES static void
finish_lines(const ub_finish* finish, const float* raw, size_t raw_step, float* out,
             size_t out_step, size_t n)
{
    const float slope = ub_activation_slope(finish->activation);
    const uint32_t channels = finish->channels;
    const float* restrict scale = finish->scale;
    const float* restrict shift = finish->shift;
    for (size_t i = 0; i < n; ++i) {
        const float* restrict x = raw + i * raw_step;
        float* restrict y = out + i * out_step;
        for (uint32_t c = 0; c < channels; ++c) {
            const float v = x[c] * scale[c] + shift[c];
            y[c] = v < 0.0f ? v * slope : v;
        }
    }
}

/// Finish pixels with a smooth activation, some values at a time
static void
finish_smooth(const ub_finish* finish, const float* raw, size_t raw_step, float* out,
              size_t out_step, size_t n)
{
    float values[RUN];
    for (size_t i = 0; i < n; ++i) {
        for (uint32_t c = 0; c < finish->channels; c += RUN) {
            const uint32_t many = finish->channels - c < RUN ? finish->channels - c : RUN;
            const float* x = raw + i * raw_step + c;
            for (uint32_t k = 0; k < many; ++k) {
                values[k] = x[k] * finish->scale[c + k] + finish->shift[c + k];
            }
            smooth(finish->activation, values, many);
            memcpy(out + i * out_step + c, values, many * sizeof(float));
        }
    }
}

void
ub_finish_pixels(const ub_finish* finish, const float* raw, size_t raw_step, float* out,
                 size_t out_step, size_t n)
{
    (ub_activation_is_smooth(finish->activation) ? finish_smooth : finish_lines)(
        finish, raw, raw_step, out, out_step, n);
}

UB_CLONES void
ub_finish_plane(const ub_finish* finish, uint32_t channel, const float* raw, size_t raw_step,
                float* out, size_t out_step, size_t n)
{
    const float scale = finish->scale[channel];
    const float shift = finish->shift[channel];
    const float slope = ub_activation_slope(finish->activation);
    float values[RUN];
    for (size_t at = 0; at < n; at += RUN) {
        const size_t many = n - at < RUN ? n - at : RUN;
        const float* x = raw + at * raw_step + channel;
        for (size_t i = 0; i < many; ++i) {
            values[i] = x[i * raw_step] * scale + shift;
        }
        if (ub_activation_is_smooth(finish->activation)) {
            smooth(finish->activation, values, many);
        } else {
            for (size_t i = 0; i < many; ++i) {
                values[i] = values[i] < 0.0f ? values[i] * slope : values[i];
            }
        }
        for (size_t i = 0; i < many; ++i) {
            out[(at + i) * out_step] = values[i];
        }
    }
}
