// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/wish.h"

#include <math.h>

#define BLEND_STEPS 32.0f // Of a blend's amounts: each needs a condition of its own

float
ub_parameter_clean(ub_parameter parameter, float value)
{
    const ub_parameter_spec* const spec = &ub_parameters[parameter];
    float clean = isfinite(value) ? value : spec->def;
    if (spec->whole) {
        // Hosts ramp automation through the values between, even of enumerations
        clean = rintf(clean);
    }
    return fminf(fmaxf(clean, spec->min), spec->max);
}

static float
linear(float decibels)
{
    return powf(10.0f, decibels / 20.0f);
}

static ub_wish
wish_for_mix(const float* value)
{
    ub_wish wish = {.bypass = value[UB_ENABLED] == 0.0f,
                    .gain = 1.0f,
                    .strength = value[UB_STRENGTH],
                    .consistency = 1.0f}; // so that faders at 0 dB give the mix
    for (uint32_t i = 0; i < UB_STRIPS; ++i) {
        const float gain = value[UB_STRIP_GAIN + i];
        const bool off =
            gain <= ub_parameters[UB_STRIP_GAIN].min || value[UB_STRIP_MUTE + i] > 0.0f;
        wish.instrument[i] = off ? 0.0f : linear(gain);
        wish.solo[i] = value[UB_STRIP_SOLO + i] > 0.0f;
    }
    return wish;
}

ub_wish
ub_wish_of(const float* value, ub_kind kind, uint32_t output)
{
    if (kind == UB_PLAYS_MIX) {
        return wish_for_mix(value);
    }
    const bool bypass = value[UB_ENABLED] == 0.0f;
    ub_wish wish = {.bypass = bypass,
                    .remove = value[UB_MODE] > 0.0f,
                    .amount = value[UB_AMOUNT],
                    .gain = bypass ? 1.0f : linear(value[UB_GAIN]),
                    .strength = value[UB_STRENGTH]};
    const uint32_t source = kind == UB_PLAYS_ONE ? (uint32_t)value[UB_SOURCE] : output;
    if (source < UB_INSTRUMENTS) {
        wish.instrument[source] = 1.0f;
    }
    for (uint32_t i = 0; source == UB_BLEND && i < UB_INSTRUMENTS; ++i) {
        wish.instrument[i] = rintf(BLEND_STEPS * value[UB_BLEND_VOCALS + i]) / BLEND_STEPS;
    }
    if (kind == UB_PLAYS_ALL) {
        wish.consistency = value[UB_CONSISTENCY];
    }
    return wish;
}

bool
ub_wish_same(const ub_wish* a, const ub_wish* b)
{
    bool alike = a->bypass == b->bypass && a->remove == b->remove && a->amount == b->amount &&
                 a->gain == b->gain && a->strength == b->strength &&
                 a->consistency == b->consistency;
    for (int i = 0; i < UB_STRIPS; ++i) {
        alike = alike && a->instrument[i] == b->instrument[i] && a->solo[i] == b->solo[i];
    }
    return alike;
}
