// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/wish.h"

#include <math.h>

#define BLEND_STEPS 32.0f // Of a blend's amounts: each needs a condition of its own

float
ub_control_get(const ub_controls* controls, ub_control control)
{
    const ub_control_spec* const spec = &ub_control_specs[control];
    const float* const port = controls->port[control];
    float value = port && isfinite(*port) ? *port : spec->def;
    if (spec->whole) {
        // Hosts ramp automation through the values between, even of enumerations
        value = rintf(value);
    }
    return fminf(fmaxf(value, spec->min), spec->max);
}

void
ub_control_put(const ub_controls* controls, ub_control control, float value)
{
    if (controls->port[control]) {
        *controls->port[control] = fminf(value, ub_control_specs[control].max);
    }
}

ub_wish
ub_controls_wish(const ub_controls* controls, bool selector, uint32_t output)
{
    const bool bypass = ub_control_get(controls, UB_ENABLED) == 0.0f;
    ub_wish wish = {.bypass = bypass,
                    .remove = ub_control_get(controls, UB_MODE) > 0.0f,
                    .amount = ub_control_get(controls, UB_AMOUNT),
                    .gain = bypass ? 1.0f : powf(10.0f, ub_control_get(controls, UB_GAIN) / 20.0f)};
    const uint32_t source = selector ? (uint32_t)ub_control_get(controls, UB_SOURCE) : output;
    if (source < UB_INSTRUMENTS) {
        wish.instrument[source] = 1.0f;
    }
    for (uint32_t i = 0; source == UB_BLEND && i < UB_INSTRUMENTS; ++i) {
        const float amount = ub_control_get(controls, (ub_control)(UB_BLEND_VOCALS + i));
        wish.instrument[i] = rintf(BLEND_STEPS * amount) / BLEND_STEPS;
    }
    if (!selector) {
        wish.consistency = ub_control_get(controls, UB_CONSISTENCY);
    }
    return wish;
}
