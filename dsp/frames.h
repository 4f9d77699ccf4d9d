// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_DSP_FRAMES_H
#define UB_DSP_FRAMES_H

/**
   @file
   What a separator is made of, and what it does once a frame.  Real-time safe unless in freewheel.
*/

#include "dsp/config.h"
#include "dsp/filterbank.h"
#include "dsp/gains.h"
#include "dsp/level.h"

struct ub_separator_s {
    ub_grid grid;
    ub_schedule schedule;
    ub_timing timings[UB_MAX_TIMINGS];
    uint32_t n_timings;
    uint32_t timing; ///< The chosen one
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
    int64_t epoch;  ///< Number of the stream's frame 0
    int64_t frame;  ///< Next frame of the stream to analyse
    int64_t sample; ///< Next input sample of the stream
    uint64_t late;
};

static inline const ub_timing*
ub_separator_timing(const ub_separator* self)
{
    return &self->timings[self->timing];
}

/// The next frame to be played; below 0 if it is none yet
static inline int64_t
ub_frames_leaving(const ub_separator* self)
{
    return self->frame - ub_timing_delay(ub_separator_timing(self));
}

/// Let the masker have the frames that no job has asked for, which would stay in its way.
void ub_frames_flush(ub_separator* self);

/// The newest frame is whole: show it to the masker, and ask for the masks that it makes possible.
void ub_frames_analyse(ub_separator* self);

/// The next frame to be played leaves, through every output's mix of masks.
void ub_frames_synthesise(ub_separator* self);

#endif // UB_DSP_FRAMES_H
