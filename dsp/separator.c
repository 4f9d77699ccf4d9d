// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/separator.h"

#include "dsp/config.h"
#include "dsp/denormal.h"
#include "dsp/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    self->latency = ub_schedule_latency(&self->schedule, ub_separator_timing(self));
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

void
ub_separator_reset(ub_separator* self)
{
    const int64_t epoch = ub_epoch_after(self->epoch + self->frame, self->grid.frames);
    ub_maskqueue_reset(self->masks, epoch);
    ub_frames_flush(self);
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
        self->latency = ub_schedule_latency(&self->schedule, ub_separator_timing(self));
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
            ub_frames_analyse(self);
            if (ub_frames_leaving(self) >= 0) {
                ub_frames_synthesise(self);
            }
            ++self->frame;
        }
    }
    ub_denormals_restore(denormals);
}
