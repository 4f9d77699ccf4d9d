// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Compiled once for each level: UB_LEVEL is its name */

#include "model/conv/level.h"

#include <string.h>

#define RUN 256U ///< Values finished together

// What must become part of every variant
#define INLINE static inline __attribute__((always_inline))

/// e^x within 2e-7 of it, in a form that compilers make vectors of; 0 for NaN
INLINE float
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

INLINE float
sigmoid(float x)
{
    return 1.0f / (1.0f + exp_of(-x));
}

/// The line below 0 of an activation that is two lines
static float
slope_of(const ub_activation* activation)
{
    return activation->kind == UB_LEAKY_RELU ? activation->slope
                                             : (activation->kind == UB_RELU ? 0.0f : 1.0f);
}

/** What the compiler is to make a loop for. */
typedef enum { LINE, SIGMOID, TANH, ELU } shape;

static shape
find_shape(const ub_activation* activation)
{
    switch (activation->kind) {
    case UB_SIGMOID:
        return SIGMOID;
    case UB_TANH:
        return TANH;
    case UB_ELU:
        return ELU;
    default:
        return LINE;
    }
}

INLINE float
activate(const shape kind, float slope, float x)
{
    switch (kind) {
    case SIGMOID:
        return sigmoid(x);
    case TANH:
        return 2.0f * sigmoid(2.0f * x) - 1.0f;
    case ELU:
        return x > 0.0f ? x : exp_of(x) - 1.0f;
    default:
        return x < 0.0f ? x * slope : x;
    }
}

/// One pixel, which may be finished in place
INLINE void
finish_pixel(const ub_finish* f, const shape kind, const bool after, const float* x, float* y)
{
    const float slope = slope_of(f->activation);
    const uint32_t channels = f->channels;
    const float* restrict scale = f->scale;
    const float* restrict shift = f->shift;
    const float* restrict gain = f->gain;
    const float* restrict offset = f->offset;
    _Pragma("GCC ivdep") for (uint32_t c = 0; c < channels; ++c)
    {
        const float v = activate(kind, slope, x[c] * scale[c] + shift[c]);
        y[c] = after ? v * gain[c] + offset[c] : v;
    }
}

INLINE void
finish_some(const ub_finish* f, const shape kind, const float* x, size_t x_step, float* y,
            size_t y_step, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        if (f->gain) {
            finish_pixel(f, kind, true, x + i * x_step, y + i * y_step);
        } else {
            finish_pixel(f, kind, false, x + i * x_step, y + i * y_step);
        }
    }
}

INLINE void
finish_any(const ub_finish* f, const float* x, size_t x_step, float* y, size_t y_step, size_t n)
{
    switch (find_shape(f->activation)) {
    case SIGMOID:
        finish_some(f, SIGMOID, x, x_step, y, y_step, n);
        break;
    case TANH:
        finish_some(f, TANH, x, x_step, y, y_step, n);
        break;
    case ELU:
        finish_some(f, ELU, x, x_step, y, y_step, n);
        break;
    case LINE:
        finish_some(f, LINE, x, x_step, y, y_step, n);
        break;
    }
}

static void
finish_pixels(const ub_finish* finish, const float* raw, size_t raw_step, float* out,
              size_t out_step, size_t n)
{
    finish_any(finish, raw, raw_step, out, out_step, n);
}

static void
finish_four(const ub_finish* finish, const float* const raw[4], float* const out[4])
{
    for (int i = 0; i < 4; ++i) {
        finish_any(finish, raw[i], 0, out[i], 0, 1);
    }
}

INLINE void
activate_all(const shape kind, float slope, float* values, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        values[i] = activate(kind, slope, values[i]);
    }
}

static void
finish_plane(const ub_finish* finish, uint32_t channel, const float* raw, size_t raw_step,
             float* out, size_t out_step, size_t n)
{
    const float scale = finish->scale[channel];
    const float shift = finish->shift[channel];
    const float gain = finish->gain ? finish->gain[channel] : 1.0f;
    const float offset = finish->gain ? finish->offset[channel] : 0.0f;
    const float slope = slope_of(finish->activation);
    float values[RUN];
    for (size_t at = 0; at < n; at += RUN) {
        const size_t many = n - at < RUN ? n - at : RUN;
        const float* x = raw + at * raw_step;
        for (size_t i = 0; i < many; ++i) {
            values[i] = x[i * raw_step] * scale + shift;
        }
        switch (find_shape(finish->activation)) {
        case SIGMOID:
            activate_all(SIGMOID, slope, values, many);
            break;
        case TANH:
            activate_all(TANH, slope, values, many);
            break;
        case ELU:
            activate_all(ELU, slope, values, many);
            break;
        case LINE:
            activate_all(LINE, slope, values, many);
            break;
        }
        for (size_t i = 0; i < many; ++i) {
            out[(at + i) * out_step] = values[i] * gain + offset;
        }
    }
}

static void
from_planes(const float* planes, uint32_t channels, size_t pixels, float* out)
{
    for (uint32_t c = 0; c < channels; ++c) {
        const float* from = planes + c * pixels;
        float* to = out + c;
        for (size_t i = 0; i < pixels; ++i) {
            to[i * channels] = from[i];
        }
    }
}

const ub_pixels UB_JOINED(ub_pixels, UB_LEVEL) = {from_planes, finish_pixels, finish_four,
                                                  finish_plane};
