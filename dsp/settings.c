// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/settings.h"

#include "dsp/bits.h"
#include "dsp/memory.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(UB_MAX_CONDITIONS >= UB_MAX_SLOTS, "each slot has its first condition");

struct ub_settings_s {
    uint32_t slots;
    uint32_t outputs;
    uint32_t mask;              // ring length - 1
    int64_t next;               // first frame whose centre has not passed
    ub_slot slot[UB_MAX_SLOTS]; // in force
    ub_row row[UB_MAX_OUTPUTS]; // in force
    ub_shaping shape;           // in force
    ub_slot* slot_ring;         // [ring][slots]
    ub_row* row_ring;           // [ring][outputs]
    ub_shaping* shape_ring;     // [ring]
};

ub_settings*
ub_settings_new(uint32_t slots, uint32_t outputs, uint32_t frames)
{
    ub_settings* settings = calloc(1, sizeof(ub_settings));
    if (!settings) {
        return NULL;
    }
    const uint32_t ring = ub_power_of_two(frames);
    settings->slots = slots;
    settings->outputs = outputs;
    settings->mask = ring - 1;
    settings->shape = (ub_shaping){.strength = 1.0f};
    settings->slot_ring = ub_touched_alloc((size_t)ring * slots, sizeof(ub_slot));
    settings->row_ring = ub_touched_alloc((size_t)ring * outputs, sizeof(ub_row));
    settings->shape_ring = ub_touched_alloc(ring, sizeof(ub_shaping));
    if (!settings->slot_ring || !settings->row_ring || !settings->shape_ring) {
        ub_settings_free(settings);
        return NULL;
    }
    return settings;
}

void
ub_settings_free(ub_settings* settings)
{
    if (settings) {
        free(settings->slot_ring);
        free(settings->row_ring);
        free(settings->shape_ring);
        free(settings);
    }
}

void
ub_settings_reset(ub_settings* settings)
{
    settings->next = 0;
}

void
ub_settings_ask(ub_settings* settings, uint32_t slot, const float* condition, uint32_t sources)
{
    ub_slot* s = &settings->slot[slot];
    s->asked = condition;
    if (condition) {
        memcpy(s->condition, condition, sources * sizeof(float));
    }
}

void
ub_settings_mix(ub_settings* settings, uint32_t output, const ub_row* row)
{
    settings->row[output] = *row;
}

void
ub_settings_shape(ub_settings* settings, const ub_shaping* shape)
{
    settings->shape = *shape;
}

// Whether a slot in force has a mask that is in an output's mix
static bool
is_mixed(const ub_settings* settings, uint32_t slot)
{
    bool mixed = false;
    for (uint32_t o = 0; o < settings->outputs; ++o) {
        mixed = mixed || settings->row[o].slot[slot] != 0.0f;
    }
    return mixed && settings->slot[slot].asked;
}

// Find out which masks change what is heard: those that are mixed and, with consistency, all
// that those are made to fit
static void
find_heard(ub_settings* settings)
{
    bool any = false;
    for (uint32_t s = 0; s < settings->slots; ++s) {
        settings->slot[s].heard = is_mixed(settings, s);
        any = any || settings->slot[s].heard;
    }
    for (uint32_t s = 0; any && settings->shape.consistency != 0.0f && s < settings->slots; ++s) {
        settings->slot[s].heard = settings->slot[s].asked;
    }
}

static size_t
place_of(const ub_settings* settings, int64_t r)
{
    return (size_t)r & settings->mask;
}

void
ub_settings_pass(ub_settings* settings, const ub_schedule* schedule, int64_t end)
{
    while (ub_frame_centre(schedule, settings->next) < end) {
        const size_t at = place_of(settings, settings->next);
        find_heard(settings);
        memcpy(settings->slot_ring + at * settings->slots, settings->slot,
               settings->slots * sizeof(ub_slot));
        memcpy(settings->row_ring + at * settings->outputs, settings->row,
               settings->outputs * sizeof(ub_row));
        settings->shape_ring[at] = settings->shape;
        ++settings->next;
    }
}

const ub_slot*
ub_settings_slots(const ub_settings* settings, int64_t r)
{
    return settings->slot_ring + place_of(settings, r) * settings->slots;
}

const ub_row*
ub_settings_rows(const ub_settings* settings, int64_t r)
{
    return settings->row_ring + place_of(settings, r) * settings->outputs;
}

const ub_shaping*
ub_settings_shaped(const ub_settings* settings, int64_t r)
{
    return &settings->shape_ring[place_of(settings, r)];
}

bool
ub_settings_wet(const ub_settings* settings, int64_t r)
{
    const ub_slot* slots = ub_settings_slots(settings, r);
    bool wet = false;
    for (uint32_t s = 0; s < settings->slots; ++s) {
        wet = wet || slots[s].heard;
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

// The first condition under which a slot is heard, so that one slot's many changes leave
// the others theirs
static void
keep_first(const ub_settings* settings, int64_t r, uint32_t slot, uint32_t sources, ub_job* job)
{
    uint32_t i = 0;
    while (i < job->count && !ub_settings_slots(settings, r + i)[slot].heard) {
        ++i;
    }
    if (i < job->count) {
        condition_of(job, ub_settings_slots(settings, r + i)[slot].condition, sources);
    }
}

void
ub_settings_conditions(const ub_settings* settings, int64_t r, uint32_t sources, uint32_t max_count,
                       ub_job* job)
{
    job->conditions = 0;
    for (uint32_t s = 0; s < settings->slots; ++s) {
        keep_first(settings, r, s, sources, job);
    }
    for (uint32_t s = 0; s < settings->slots; ++s) {
        for (uint32_t i = 0; i < job->count; ++i) {
            const ub_slot* slot = &ub_settings_slots(settings, r + i)[s];
            job->which[(size_t)s * max_count + i] =
                slot->heard ? condition_of(job, slot->condition, sources) : UB_UNMASKED;
        }
    }
}
