// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_SETTINGS_H
#define UB_DSP_SETTINGS_H

/**
   @file
   What each output plays, frame by frame: a frame takes the setting that holds
   at the sample it is centred on.  Real-time safe, except new and free.
*/

#include "dsp/schedule.h"

typedef struct ub_settings_s ub_settings;

/// Keeps the settings of at least `frames` frames.  NULL: no memory.
ub_settings* ub_settings_new(uint32_t outputs, uint32_t frames);
void ub_settings_free(ub_settings* settings);

/// Back to frame 0; the setting in force stays.
void ub_settings_reset(ub_settings* settings);

/// Set what holds from the next sample on.
void ub_settings_set(ub_settings* settings, uint32_t output, const ub_setting* setting);

/// Input up to sample `end` (exclusive) has passed under the setting in force:
/// frames centred there, or before the first sample, take it.
void ub_settings_pass(ub_settings* settings, const ub_schedule* schedule, int64_t end);

/// The setting of frame r, whose centre must have passed
const ub_setting* ub_settings_get(const ub_settings* settings, int64_t r, uint32_t output);

/// Whether any output needs a mask at frame r
bool ub_settings_wet(const ub_settings* settings, int64_t r);

/// Fill in a job's conditions for its `count` frames from frame r on.  Frames that
/// are all dry need none.  Beyond UB_MAX_CONDITIONS different ones, a frame takes
/// the nearest of those.
void ub_settings_conditions(const ub_settings* settings, int64_t r, uint32_t sources,
                            uint32_t max_count, ub_job* job);

#endif // UB_DSP_SETTINGS_H
