// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_PARAMETERS_H
#define UB_PLUGIN_SHELL_PARAMETERS_H

/**
   @file
   The ports of all plugins, once.  A plugin's ports are its audio inputs, its
   audio outputs, its controls, and two for messages.  The metadata in ttl/ says
   the same to hosts, and a test compares the two.

   Sessions refer to ports by symbol, some hosts by index: later versions may
   append ports, but never move or rename one.
*/

#include <stdbool.h>
#include <stdint.h>

#define UB_URI_MONO   "urn:unbraid:mono"
#define UB_URI_STEREO "urn:unbraid:stereo"
#define UB_URI_STEMS  "urn:unbraid:stems"

#define UB_MAX_INS  2
#define UB_MAX_OUTS 8

/** What the selector offers, in its order.  Each is looked up in the model by name. */
#define UB_INSTRUMENTS 4
static const char* const ub_instrument[UB_INSTRUMENTS] = {"vocals", "drums", "bass", "other"};
#define UB_BLEND UB_INSTRUMENTS ///< What the selector offers after them

typedef enum {
    UB_SOURCE,       ///< Which instrument, index into ub_instrument, or UB_BLEND
    UB_MODE,         ///< 0 isolate it, 1 remove it
    UB_AMOUNT,       ///< 0 the delayed mix, 1 the separated sound
    UB_GAIN,         ///< dB, on the separated sound
    UB_ENABLED,      ///< 0 for the delayed mix as it came
    UB_FREEWHEEL,    ///< 1 when the host does not run in real time
    UB_RESPONSE,     ///< ub_response
    UB_PROCESSOR,    ///< ub_processor
    UB_LATENCY,      ///< Out: samples
    UB_LATE,         ///< Out: frames played without the mask made for them
    UB_STATUS,       ///< Out: what makes the masks, see ub_status_backend
    UB_BLEND_VOCALS, ///< How much of each instrument the blend has, in ub_instrument's order
    UB_BLEND_DRUMS,
    UB_BLEND_BASS,
    UB_BLEND_OTHER,
    UB_CONSISTENCY, ///< 1 to make the stems sum to the mix
    UB_LOAD,        ///< Out: share of the workers' time spent computing, %
    UB_CONTROLS
} ub_control;

/** What the network should run on. */
typedef enum {
    UB_AUTO, ///< The best there is
    UB_CPU,
    UB_GPU, ///< If there is one, else the CPU
    UB_PROCESSORS
} ub_processor;

typedef struct {
    const char* symbol;
    float min;
    float max;
    float def;  ///< Also holds when the port is not connected, or not a number
    bool whole; ///< Rounded to an integer
    bool output;
} ub_control_spec;

static const ub_control_spec ub_control_specs[UB_CONTROLS] = {
    [UB_SOURCE] = {"source", 0, UB_BLEND, 0, true, false},
    [UB_MODE] = {"mode", 0, 1, 0, true, false},
    [UB_AMOUNT] = {"amount", 0, 1, 1, false, false},
    [UB_GAIN] = {"gain", -24, 12, 0, false, false},
    [UB_ENABLED] = {"enabled", 0, 1, 1, true, false},
    [UB_FREEWHEEL] = {"freewheel", 0, 1, 0, true, false},
    [UB_RESPONSE] = {"response", 0, 2, 0, true, false},
    [UB_PROCESSOR] = {"processor", 0, UB_PROCESSORS - 1, UB_AUTO, true, false},
    [UB_LATENCY] = {"latency", 0, 262144, 0, true, true},
    [UB_LATE] = {"late_frames", 0, 16777216, 0, true, true},
    [UB_STATUS] = {"status", 0, 8, 0, true, true},
    [UB_BLEND_VOCALS] = {"blend_vocals", 0, 1, 1, false, false},
    [UB_BLEND_DRUMS] = {"blend_drums", 0, 1, 0, false, false},
    [UB_BLEND_BASS] = {"blend_bass", 0, 1, 0, false, false},
    [UB_BLEND_OTHER] = {"blend_other", 0, 1, 0, false, false},
    [UB_CONSISTENCY] = {"consistency", 0, 1, 0, true, false},
    [UB_LOAD] = {"engine_load", 0, 100, 0, false, true},
};

/** Backend's name for each value of the status port.  0 is no backend, as there is no
    model; one past the end is a backend that has no value of its own. */
#define UB_STATUSES       7
#define UB_STATUS_FAILING (UB_STATUSES + 1) ///< The backend stopped making masks
static const char* const ub_status_backend[UB_STATUSES] = {
    "", "native", "reference", "cuda", "cuda-tf32", "cuda-bf16", "cuda-fp16"};

// In the order of the ports: what a musician turns comes first, what hosts use and the
// meters last

/** Controls of a plugin with a selector */
static const uint8_t ub_selector_controls[] = {
    UB_SOURCE,  UB_BLEND_VOCALS, UB_BLEND_DRUMS, UB_BLEND_BASS, UB_BLEND_OTHER, UB_MODE,
    UB_AMOUNT,  UB_GAIN,         UB_RESPONSE,    UB_PROCESSOR,  UB_ENABLED,     UB_FREEWHEEL,
    UB_LATENCY, UB_LATE,         UB_LOAD,        UB_STATUS};

/** Controls of one that plays all instruments */
static const uint8_t ub_stems_controls[] = {UB_MODE,     UB_AMOUNT,    UB_GAIN,    UB_CONSISTENCY,
                                            UB_RESPONSE, UB_PROCESSOR, UB_ENABLED, UB_FREEWHEEL,
                                            UB_LATENCY,  UB_LATE,      UB_LOAD,    UB_STATUS};

/** One of the plugins.  After its audio ports and controls come two ports for messages,
    to the plugin and from it. */
typedef struct {
    const char* uri;
    uint32_t ins;            ///< Audio inputs
    uint32_t outs;           ///< Audio outputs, a multiple of ins
    bool selector;           ///< Plays one instrument, not all
    const uint8_t* controls; ///< ub_control, as the ports that follow the audio ports
    uint32_t n_controls;
} ub_shape;

#define UB_SHAPES 3
static const ub_shape ub_shapes[UB_SHAPES] = {
    {UB_URI_STEREO, 2, 2, true, ub_selector_controls, sizeof(ub_selector_controls)},
    {UB_URI_MONO, 1, 1, true, ub_selector_controls, sizeof(ub_selector_controls)},
    {UB_URI_STEMS, 2, 8, false, ub_stems_controls, sizeof(ub_stems_controls)},
};

/** A plugin's ports, all told */
static inline uint32_t
ub_shape_ports(const ub_shape* shape)
{
    return shape->ins + shape->outs + shape->n_controls + 2;
}

#endif // UB_PLUGIN_SHELL_PARAMETERS_H
