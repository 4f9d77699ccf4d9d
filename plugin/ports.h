// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_PORTS_H
#define UB_PLUGIN_PORTS_H

/**
   @file
   The ports of all plugins, once.  A plugin's ports are its audio inputs, its
   audio outputs, then the controls in the order below.  The metadata in ttl/
   says the same to hosts, and a test compares the two.

   Sessions refer to ports by symbol, some hosts by index: later versions may
   append controls, but never move or rename one.
*/

#include <stdbool.h>
#include <stdint.h>

#define UB_URI_MONO "urn:unbraid:mono"
#define UB_URI_STEREO "urn:unbraid:stereo"
#define UB_URI_STEMS "urn:unbraid:stems"

#define UB_MAX_INS 2
#define UB_MAX_OUTS 8

/** What the selector offers, in its order.  Each is looked up in the model by name. */
#define UB_INSTRUMENTS 4
static const char* const ub_instrument[UB_INSTRUMENTS] = {"vocals", "drums", "bass", "other"};

typedef enum {
    UB_SOURCE,    ///< Which instrument, index into ub_instrument
    UB_MODE,      ///< 0 isolate it, 1 remove it
    UB_AMOUNT,    ///< 0 the delayed mix, 1 the separated sound
    UB_GAIN,      ///< dB, on the separated sound
    UB_ENABLED,   ///< 0 for the delayed mix as it came
    UB_FREEWHEEL, ///< 1 when the host does not run in real time
    UB_RESPONSE,  ///< ub_response
    UB_LATENCY,   ///< Out: samples
    UB_LATE,      ///< Out: frames played without the mask made for them
    UB_STATUS,    ///< Out: what makes the masks, see ub_status_backend
    UB_CONTROLS
} ub_control;

typedef struct {
    const char* symbol;
    float min;
    float max;
    float def; ///< Also holds when the port is not connected, or not a number
    bool whole; ///< Rounded to an integer
    bool output;
} ub_control_spec;

static const ub_control_spec ub_control_specs[UB_CONTROLS] = {
    [UB_SOURCE] = {"source", 0, UB_INSTRUMENTS - 1, 0, true, false},
    [UB_MODE] = {"mode", 0, 1, 0, true, false},
    [UB_AMOUNT] = {"amount", 0, 1, 1, false, false},
    [UB_GAIN] = {"gain", -24, 12, 0, false, false},
    [UB_ENABLED] = {"enabled", 0, 1, 1, true, false},
    [UB_FREEWHEEL] = {"freewheel", 0, 1, 0, true, false},
    [UB_RESPONSE] = {"response", 0, 2, 0, true, false},
    [UB_LATENCY] = {"latency", 0, 262144, 0, true, true},
    [UB_LATE] = {"late_frames", 0, 16777216, 0, true, true},
    [UB_STATUS] = {"status", 0, 7, 0, true, true},
};

/** Backend's name for each value of the status port.  0 is no backend, as there is no
    model; one past the end is a backend that has no value of its own. */
#define UB_STATUSES 6
#define UB_STATUS_FAILING (UB_STATUSES + 1) ///< The backend stopped making masks
static const char* const ub_status_backend[UB_STATUSES] = {"",          "onednn", "openblas",
                                                           "reference", "cuda",   "onednn-bf16"};

/** One of the plugins */
typedef struct {
    const char* uri;
    uint32_t ins;           ///< Audio inputs
    uint32_t outs;          ///< Audio outputs, a multiple of ins
    ub_control first;       ///< Controls from here on; stems have no selector
} ub_shape;

#define UB_SHAPES 3
static const ub_shape ub_shapes[UB_SHAPES] = {
    {UB_URI_STEREO, 2, 2, UB_SOURCE},
    {UB_URI_MONO, 1, 1, UB_SOURCE},
    {UB_URI_STEMS, 2, 8, UB_MODE},
};

#endif // UB_PLUGIN_PORTS_H
