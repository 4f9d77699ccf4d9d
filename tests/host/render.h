// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_HOST_RENDER_H
#define UB_TESTS_HOST_RENDER_H

/**
   @file
   Sound in memory through a plugin, for test programs.
*/

#include "tests/host/rig.h"

#define UB_EVENTS 8

/** A control set before the block that starts at a sample */
typedef struct {
    const char* symbol; ///< NULL ends a list
    float value;
    uint32_t at;
} ub_event;

/** Which buffers the audio ports share */
typedef enum {
    UB_APART,
    UB_IN_PLACE, ///< Each output is the input of the same number
    UB_ONE_BUFFER
} ub_sharing;

/** How to render; everything that is 0 has a default */
typedef struct {
    const char* uri;           ///< The stereo plugin
    double rate;               ///< 44100
    uint32_t block[4];         ///< Block sizes in turn, 1024
    ub_event event[UB_EVENTS]; ///< In order of time; a block is cut where one falls in it
    ub_sharing sharing;
    bool real_time; ///< Do not freewheel
} ub_plan;

/** Some channels of sound, zero beyond what was written */
typedef struct {
    uint32_t n;
    float* channel[UB_RIG_CHANNELS]; ///< Owned
    uint32_t latency;                ///< Of the plugin that made it
    uint32_t late;
    uint32_t status;
} ub_sound;

/// Silence of n samples in all channels.  Ends the program without memory.
ub_sound ub_silence(uint32_t n);

/// A bit of everything on the first two channels: noise, tones, clicks, always the same.
ub_sound ub_noises(uint32_t n);

void ub_sound_free(ub_sound* sound);

/// Run a sound through an open instance, as far as the sound is long.
ub_sound ub_render_on(ub_rig* rig, const ub_plan* plan, const ub_sound* in);

/// Run a sound through an instance of its own.  Ends the program if there can be none.
ub_sound ub_render(const ub_plan* plan, const ub_sound* in);

/// Largest difference between samples of a from `from` to `to`, and those of b
/// as much later as its latency is longer, over the first channels.
double ub_difference(const ub_sound* a, const ub_sound* b, uint32_t channels, uint32_t from,
                     uint32_t to);

/** How far a sound in which a control moves at some sample is from those that it should be: up to
    that sample the one in which it never does, from it on the one in which it always has; both to
    within a frame. */
typedef struct {
    double before;
    double after;
    double apart; ///< How far those are from each other
} ub_move;

/// Render a sound with a control that moves as the last of the plan's events.
ub_move ub_render_move(const ub_plan* plan, ub_event move, const ub_sound* in);

/// Whether a move is where it should be, and is heard
bool ub_is_moved(const ub_move* move);

/// Whether every sample is finite and below a limit.
bool ub_sane(const ub_sound* sound, float limit);

/// Samples at a rate that a frame of the default model lasts, and half of the time from one to
/// the next.  From the environment, as lib.sh's tell_grid sets it; ends the program without it.
double ub_frame_length(double rate);
double ub_half_hop(double rate);

#endif // UB_TESTS_HOST_RENDER_H
