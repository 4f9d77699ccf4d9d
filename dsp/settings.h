// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_SETTINGS_H
#define UB_DSP_SETTINGS_H

/**
   @file
   What slots are asked for and what outputs make of them, frame by frame: a frame takes
   what holds at the sample it is centred on.  Real-time safe, except new and free.
*/

#include "dsp/schedule.h"

/** A slot at one frame. */
typedef struct {
    bool asked; ///< It has a condition
    bool heard; ///< and its mask changes what is heard
    float condition[UB_MAX_SOURCES];
} ub_slot;

typedef struct ub_settings_s ub_settings;

/// Keeps the settings of at least `frames` frames.  NULL: no memory.
ub_settings* ub_settings_new(uint32_t slots, uint32_t outputs, uint32_t frames);
void ub_settings_free(ub_settings* settings);

/// Back to frame 0; the setting in force stays.
void ub_settings_reset(ub_settings* settings);

/// Set what holds from the next sample on: a slot's condition, [sources], or NULL.
void ub_settings_ask(ub_settings* settings, uint32_t slot, const float* condition,
                     uint32_t sources);

/// An output's row
void ub_settings_mix(ub_settings* settings, uint32_t output, const ub_row* row);

/// How masks are changed
void ub_settings_shape(ub_settings* settings, const ub_shaping* shape);

/// Input up to sample `end` (exclusive) has passed under the setting in force:
/// frames centred there, or before the first sample, take it.
void ub_settings_pass(ub_settings* settings, const ub_schedule* schedule, int64_t end);

/// Of frame r, whose centre must have passed: its slots, [slots]
const ub_slot* ub_settings_slots(const ub_settings* settings, int64_t r);

/// its rows, [outputs]
const ub_row* ub_settings_rows(const ub_settings* settings, int64_t r);

/// and its shape
const ub_shaping* ub_settings_shaped(const ub_settings* settings, int64_t r);

/// Whether any mask is heard at frame r
bool ub_settings_wet(const ub_settings* settings, int64_t r);

/// Fill in a job's conditions for its `count` frames from frame r on.  Frames at which a
/// slot is not heard need none.  Beyond UB_MAX_CONDITIONS different ones, a frame takes
/// the nearest of those, among which is each slot's first.
void ub_settings_conditions(const ub_settings* settings, int64_t r, uint32_t sources,
                            uint32_t max_count, ub_job* job);

#endif // UB_DSP_SETTINGS_H
