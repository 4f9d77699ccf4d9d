// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/settings.h"

#include "dsp/bits.h"
#include "dsp/memory.h"

#include <stdlib.h>
#include <string.h>

struct ub_settings_s {
    uint32_t outputs;
    uint32_t mask;                      // ring length - 1
    int64_t next;                       // first frame whose centre has not passed
    ub_setting current[UB_MAX_OUTPUTS]; // in force
    ub_setting* ring;                   // [ring][outputs]
};

ub_settings*
ub_settings_new(uint32_t outputs, uint32_t frames)
{
    ub_settings* settings = calloc(1, sizeof(ub_settings));
    if (!settings) {
        return NULL;
    }
    const uint32_t ring = ub_power_of_two(frames);
    settings->outputs = outputs;
    settings->mask = ring - 1;
    settings->ring = ub_touched_alloc((size_t)ring * outputs, sizeof(ub_setting));
    if (!settings->ring) {
        free(settings);
        return NULL;
    }
    return settings;
}

void
ub_settings_free(ub_settings* settings)
{
    if (settings) {
        free(settings->ring);
        free(settings);
    }
}

void
ub_settings_reset(ub_settings* settings)
{
    settings->next = 0;
}

void
ub_settings_set(ub_settings* settings, uint32_t output, const ub_setting* setting)
{
    settings->current[output] = *setting;
}

static ub_setting*
at(const ub_settings* settings, int64_t r, uint32_t output)
{
    return &settings->ring[((size_t)r & settings->mask) * settings->outputs + output];
}

void
ub_settings_pass(ub_settings* settings, const ub_schedule* schedule, int64_t end)
{
    while (ub_frame_centre(schedule, settings->next) < end) {
        memcpy(at(settings, settings->next, 0), settings->current,
               settings->outputs * sizeof(ub_setting));
        ++settings->next;
    }
}

const ub_setting*
ub_settings_get(const ub_settings* settings, int64_t r, uint32_t output)
{
    return at(settings, r, output);
}

bool
ub_settings_wet(const ub_settings* settings, int64_t r)
{
    bool wet = false;
    for (uint32_t o = 0; o < settings->outputs; ++o) {
        wet = wet || at(settings, r, o)->wet != 0.0f;
    }
    return wet;
}

static float
distance(const float* a, const float* b, uint32_t n)
{
    float sum = 0.0f;
    for (uint32_t i = 0; i < n; ++i) {
        const float d = a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

// The job's condition that is the same or, if there is no room for one more, nearest
static uint8_t
condition_of(ub_job* job, const float* condition, uint32_t sources)
{
    uint32_t best = 0;
    float best_distance = 0.0f;
    for (uint32_t i = 0; i < job->conditions; ++i) {
        const float d = distance(job->condition[i], condition, sources);
        if (i == 0 || d < best_distance) {
            best = i;
            best_distance = d;
        }
    }
    if (job->conditions == 0 || (best_distance > 0.0f && job->conditions < UB_MAX_CONDITIONS)) {
        best = job->conditions++;
        memcpy(job->condition[best], condition, sources * sizeof(float));
    }
    return (uint8_t)best;
}

void
ub_settings_conditions(const ub_settings* settings, int64_t r, uint32_t sources, uint32_t max_count,
                       ub_job* job)
{
    job->conditions = 0;
    for (uint32_t o = 0; o < settings->outputs; ++o) {
        for (uint32_t i = 0; i < job->count; ++i) {
            const ub_setting* s = at(settings, r + i, o);
            job->which[(size_t)o * max_count + i] =
                s->wet == 0.0f ? UB_UNMASKED : condition_of(job, s->condition, sources);
        }
    }
}
