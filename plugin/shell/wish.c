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

ub_wish
ub_wish_of(const float* value, bool selector, uint32_t output)
{
    const bool bypass = value[UB_ENABLED] == 0.0f;
    ub_wish wish = {.bypass = bypass,
                    .remove = value[UB_MODE] > 0.0f,
                    .amount = value[UB_AMOUNT],
                    .gain = bypass ? 1.0f : powf(10.0f, value[UB_GAIN] / 20.0f)};
    const uint32_t source = selector ? (uint32_t)value[UB_SOURCE] : output;
    if (source < UB_INSTRUMENTS) {
        wish.instrument[source] = 1.0f;
    }
    for (uint32_t i = 0; source == UB_BLEND && i < UB_INSTRUMENTS; ++i) {
        wish.instrument[i] = rintf(BLEND_STEPS * value[UB_BLEND_VOCALS + i]) / BLEND_STEPS;
    }
    if (!selector) {
        wish.consistency = value[UB_CONSISTENCY];
    }
    return wish;
}

bool
ub_wish_same(const ub_wish* a, const ub_wish* b)
{
    bool alike = a->bypass == b->bypass && a->remove == b->remove && a->amount == b->amount &&
                 a->gain == b->gain && a->consistency == b->consistency;
    for (int i = 0; i < UB_INSTRUMENTS; ++i) {
        alike = alike && a->instrument[i] == b->instrument[i];
    }
    return alike;
}
