// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/frames.h"

#include <math.h>
#include <string.h>

void
ub_frames_flush(ub_separator* self)
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

// In freewheel, let the masker catch up; false if there is nothing to wait for
static bool
catch_up(ub_separator* self)
{
    return self->freewheel && ub_maskqueue_wait(self->masks, self->epoch + ub_frames_leaving(self));
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
    const ub_timing* t = ub_separator_timing(self);
    const double hop = self->grid.hop / self->grid.rate;
    ub_job* job = NULL;
    while (!(job = self->masker->begin(self->masker, ub_timing_count(t))) && catch_up(self)) {}
    if (!job) {
        return; // the masker is far behind: these frames will be late
    }
    job->end = self->epoch + r;
    job->first = self->epoch + ub_timing_first(t, r);
    job->thorough = t->thorough;
    job->budget = t->deadline * hop;
    job->expiry = self->freewheel ? INFINITY : (t->deadline + job->count) * hop;
    set_conditions(self, job);
    self->masker->submit(self->masker, job);
}

void
ub_frames_analyse(ub_separator* self)
{
    const int64_t r = self->frame;
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
    ub_maskqueue_collect(self->masks, self->epoch + ub_frames_leaving(self));
    if (ub_timing_due(ub_separator_timing(self), r)) {
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

void
ub_frames_synthesise(ub_separator* self)
{
    const int64_t r = ub_frames_leaving(self);
    const bool in_time = ub_maskqueue_advance(self->masks, self->epoch + r,
                                              ub_separator_timing(self)->fade, self->freewheel);
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
