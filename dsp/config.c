// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/config.h"

#include "dsp/schedule.h"

#include <stdio.h>

#define SHORTEST_HOP 0.001 // s; common models have 5 to 25 ms
#define MOST_OVERLAP 32    // Common ones have 4

// What an audio thread can do in time: not too many frames, nor too much in each
static bool
grid_fits(const ub_grid* grid, char* err, size_t err_size)
{
    const double hop = grid->hop / grid->rate;
    const double overlap = (double)grid->window / grid->hop;
    if (hop < SHORTEST_HOP) {
        snprintf(err, err_size, "a window every %.3g ms: expected at most one in %g ms", 1e3 * hop,
                 1e3 * SHORTEST_HOP);
        return false;
    }
    if (overlap > MOST_OVERLAP) {
        snprintf(err, err_size, "%.0f windows over each sample: expected at most %d", overlap,
                 MOST_OVERLAP);
        return false;
    }
    return true;
}

static bool
timings_fit(const ub_separator_config* config, char* err, size_t err_size)
{
    const ub_masker* masker = config->masker;
    for (uint32_t i = 0; i < config->timings; ++i) {
        const ub_timing* t = &config->timing[i];
        if (t->step < 1 || t->deadline < 1 || t->fade > t->lookahead || t->fade > t->step ||
            t->heard == 1 || (masker && ub_timing_count(t) > masker->max_count)) {
            snprintf(err, err_size, "separator: timing %u is not possible", i);
            return false;
        }
        if (t->lookahead + t->step > config->grid.frames) {
            snprintf(err, err_size, "windows of %u frames: expected at least %u",
                     config->grid.frames, t->lookahead + t->step);
            return false;
        }
    }
    return true;
}

bool
ub_config_fits(const ub_separator_config* config, char* err, size_t err_size)
{
    const ub_masker* masker = config->masker;
    if (!(config->rate >= 8000.0 && config->rate <= 192000.0)) {
        snprintf(err, err_size, "sample rate %g Hz: expected 8000 to 192000", config->rate);
        return false;
    }
    if (config->channels < 1 || config->channels > UB_MAX_CHANNELS) {
        snprintf(err, err_size, "%u channels: expected 1 or 2", config->channels);
        return false;
    }
    if (!grid_fits(&config->grid, err, err_size)) {
        return false;
    }
    if (config->timings < 1 || config->timings > UB_MAX_TIMINGS || config->outputs < 1 ||
        config->outputs > UB_MAX_OUTPUTS) {
        snprintf(err, err_size, "separator: unexpected number of timings or outputs");
        return false;
    }
    if (config->slots < 1 || config->slots > UB_MAX_SLOTS ||
        (masker && masker->slots != config->slots)) {
        snprintf(err, err_size, "separator: %u slots: expected 1 to %d, as the masker has",
                 config->slots, UB_MAX_SLOTS);
        return false;
    }
    return timings_fit(config, err, err_size);
}
