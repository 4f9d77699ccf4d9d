// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/separator.h"

#include "dsp/config.h"
#include "dsp/denormal.h"
#include "dsp/filterbank.h"
#include "dsp/gains.h"
#include "dsp/level.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ub_separator_s {
    ub_grid grid;
    ub_schedule schedule;
    ub_timing timings[UB_MAX_TIMINGS];
    uint32_t n_timings;
    uint32_t timing; // the chosen one
    uint32_t channels;
    uint32_t slots;
    uint32_t outputs;
    uint32_t latency;
    bool freewheel;
    ub_masker* masker;
    ub_filterbank* bank;
    ub_gains* gains;
    ub_maskqueue* masks;
    ub_settings* settings;
    ub_level level;
    ub_tap* tap;
    int64_t epoch;  // number of the stream's frame 0
    int64_t frame;  // next frame of the stream to analyse
    int64_t sample; // next input sample of the stream
    uint64_t late;
};

static const ub_timing*
timing(const ub_separator* self)
{
    return &self->timings[self->timing];
}

static bool
allocate(ub_separator* self, double rate)
{
    uint32_t delay = 0;
    for (uint32_t i = 0; i < self->n_timings; ++i) {
        const uint32_t d = ub_timing_delay(&self->timings[i]);
        delay = d > delay ? d : delay;
    }
    self->bank = ub_filterbank_new(&self->schedule, self->timings, self->n_timings, self->channels,
                                   self->outputs);
    self->gains = ub_gains_new(&self->grid, rate, self->channels, self->slots);
    self->masks = ub_maskqueue_new(self->masker, self->slots, self->grid.channels * self->grid.bins,
                                   ub_timings_room(self->timings, self->n_timings).jobs);
    self->settings =
        ub_settings_new(self->slots, self->outputs, delay + self->grid.window / self->grid.hop + 2);
    self->tap = ub_tap_new(self->schedule.size, rate, self->channels);
    return self->bank && self->gains && self->masks && self->settings && self->tap;
}

ub_separator*
ub_separator_new(const ub_separator_config* config, char* err, size_t err_size)
{
    if (!ub_config_fits(config, err, err_size)) {
        return NULL;
    }
    ub_separator* self = calloc(1, sizeof(ub_separator));
    if (self) {
        self->grid = config->grid;
        self->schedule.size = ub_gridmap_size(&config->grid, config->rate);
        self->schedule.hop = ub_gridmap_hop(&config->grid, config->rate);
        self->n_timings = config->timings;
        memcpy(self->timings, config->timing, config->timings * sizeof(ub_timing));
        self->channels = config->channels;
        self->slots = config->slots;
        self->outputs = config->outputs;
        self->masker = config->masker;
    }
    if (!self || !allocate(self, config->rate)) {
        snprintf(err, err_size, "separator: out of memory");
        ub_separator_free(self);
        return NULL;
    }
    self->latency = ub_schedule_latency(&self->schedule, timing(self));
    ub_separator_reset(self);
    return self;
}

void
ub_separator_free(ub_separator* self)
{
    if (self) {
        ub_filterbank_free(self->bank);
        ub_gains_free(self->gains);
        ub_maskqueue_free(self->masks);
        ub_settings_free(self->settings);
        ub_tap_free(self->tap);
        free(self);
    }
}

// Frames that no job has asked for would stay in the masker's way
static void
flush_frames(ub_separator* self)
{
    ub_job* job = self->masker && self->frame ? self->masker->begin(self->masker, 0) : NULL;
    if (job) {
        job->end = self->epoch + self->frame - 1;
        job->first = job->end + 1;
        job->conditions = 0;
        job->budget = 0.0;
        job->expiry = INFINITY;
        self->masker->submit(self->masker, job);
    }
}

void
ub_separator_reset(ub_separator* self)
{
    const int64_t epoch = ub_epoch_after(self->epoch + self->frame, self->grid.frames);
    ub_maskqueue_reset(self->masks, epoch);
    flush_frames(self);
    self->epoch = epoch;
    self->frame = 0;
    self->sample = 0;
    self->late = 0;
    self->level = ub_level_new(self->grid.level, self->grid.hop / self->grid.rate);
    ub_filterbank_reset(self->bank, self->timing);
    ub_settings_reset(self->settings);
}

void
ub_separator_select(ub_separator* self, uint32_t which)
{
    if (which != self->timing && which < self->n_timings) {
        self->timing = which;
        self->latency = ub_schedule_latency(&self->schedule, timing(self));
        ub_separator_reset(self);
    }
}

void
ub_separator_ask(ub_separator* self, uint32_t slot, const float* condition)
{
    ub_settings_ask(self->settings, slot, condition, self->grid.sources);
}

void
ub_separator_mix(ub_separator* self, uint32_t output, const ub_row* row)
{
    ub_settings_mix(self->settings, output, row);
}

void
ub_separator_shape(ub_separator* self, const ub_shaping* shape)
{
    ub_settings_shape(self->settings, shape);
}

void
ub_separator_set_freewheel(ub_separator* self, bool freewheel)
{
    self->freewheel = freewheel;
}

uint32_t
ub_separator_latency(const ub_separator* self)
{
    return self->latency;
}

uint64_t
ub_separator_late_frames(const ub_separator* self)
{
    return self->late;
}

ub_tap*
ub_separator_tap(ub_separator* self)
{
    return self->tap;
}

// The next frame to be played
static int64_t
leaving(const ub_separator* self)
{
    return self->frame - ub_timing_delay(timing(self));
}

// In freewheel, let the masker catch up; false if there is nothing to wait for
static bool
catch_up(ub_separator* self)
{
    return self->freewheel && ub_maskqueue_wait(self->masks, self->epoch + leaving(self));
}

// What a job's frames need: nothing, where there is only silence to be masked
static void
set_conditions(const ub_separator* self, ub_job* job)
{
    const int64_t first = job->first - self->epoch;
    const ub_masker* masker = self->masker;
    if (ub_filterbank_silent(self->bank, first)) {
        job->conditions = 0;
        memset(job->which, UB_UNMASKED, (size_t)masker->slots * masker->max_count);
    } else {
        ub_settings_conditions(self->settings, first, self->grid.sources, masker->max_count, job);
    }
}

// Ask for the masks that the newest frame r makes possible
static void
ask(ub_separator* self, int64_t r)
{
    const ub_timing* t = timing(self);
    const double hop = self->grid.hop / self->grid.rate;
    ub_job* job = NULL;
    while (!(job = self->masker->begin(self->masker, ub_timing_count(t))) && catch_up(self)) {}
    if (!job) {
        return; // the masker is far behind: these frames will be late
    }
    job->end = self->epoch + r;
    job->first = self->epoch + ub_timing_first(t, r);
    job->budget = t->deadline * hop;
    job->expiry = self->freewheel ? INFINITY : (t->deadline + job->count) * hop;
    set_conditions(self, job);
    self->masker->submit(self->masker, job);
}

// The newest whole frame, r: give its magnitudes to the masker
static void
analyse(ub_separator* self, int64_t r)
{
    if (!self->masker) {
        return;
    }
    const bool silent = ub_filterbank_silent(self->bank, r);
    for (uint32_t c = 0; c < self->channels; ++c) {
        ub_gains_see(self->gains, c, silent ? NULL : ub_filterbank_analyse(self->bank, r, c));
    }
    const float gain = ub_level_next(&self->level, ub_gains_power(self->gains));
    const float* magnitude = ub_gains_magnitudes(self->gains, gain);
    while (!self->masker->frame(self->masker, self->epoch + r, magnitude) && catch_up(self)) {}
    ub_maskqueue_collect(self->masks, self->epoch + leaving(self));
    if (ub_timing_due(timing(self), r)) {
        ask(self, r);
    }
}

// Show what a single output is mixed of
static void
show_slots(ub_separator* self, const ub_row* row)
{
    for (uint32_t s = 0; s < self->slots; ++s) {
        const float* mask = ub_gains_slot(self->gains, s);
        if (mask && row->slot[s] != 0.0f) {
            ub_tap_hear(self->tap, s, mask, row->slot[s]);
        }
    }
}

// Frame r leaves, through every output's mix of masks
static void
synthesise(ub_separator* self, int64_t r)
{
    const bool in_time =
        ub_maskqueue_advance(self->masks, self->epoch + r, timing(self)->fade, self->freewheel);
    if (self->masker && !in_time && ub_settings_wet(self->settings, r)) {
        ++self->late;
    }
    ub_filterbank_begin(self->bank, r);
    const bool silent = ub_filterbank_silent(self->bank, r);
    const ub_row* rows = ub_settings_rows(self->settings, r);
    const bool seen = ub_tap_is_open(self->tap);
    const bool mixed = self->outputs == 1 && self->slots > 1;
    if (seen) {
        ub_tap_begin(self->tap, ub_filterbank_energy(self->bank));
    }
    for (uint32_t c = 0; !silent && c < self->channels; ++c) {
        const float complex* spectrum = ub_filterbank_open(self->bank, r, c);
        ub_gains_find(self->gains, self->settings, self->masks, r, c);
        if (seen) {
            ub_tap_see(self->tap, spectrum);
        }
        for (uint32_t o = 0; o < self->outputs; ++o) {
            const float* gain = ub_gains_mix(self->gains, &rows[o]);
            if (seen && !mixed) {
                ub_tap_hear(self->tap, o, gain, 1.0f);
            }
            ub_filterbank_add(self->bank, r, o, c, gain);
        }
        if (seen && mixed) {
            show_slots(self, &rows[0]);
        }
    }
}

void
ub_separator_run(ub_separator* self, const float* const* in, float* const* out, uint32_t n)
{
    const uint64_t denormals = ub_denormals_off();
    uint32_t done = 0;
    while (done < n) {
        const int64_t end = ub_frame_start(&self->schedule, self->frame) + self->schedule.size;
        const int64_t until_end = end > self->sample ? end - self->sample : 0;
        const uint32_t m = until_end < n - done ? (uint32_t)until_end : n - done;
        // All input is read before any output is written: they may be the same
        ub_filterbank_take(self->bank, self->sample, in, done, m);
        ub_settings_pass(self->settings, &self->schedule, self->sample + m);
        ub_filterbank_give(self->bank, self->sample - (int64_t)self->latency, out, done, m);
        self->sample += m;
        done += m;
        if (self->sample >= end) { // with a long hop, frame 0 ends before the first sample
            analyse(self, self->frame);
            if (leaving(self) >= 0) {
                synthesise(self, leaving(self));
            }
            ++self->frame;
        }
    }
    ub_denormals_restore(denormals);
}
