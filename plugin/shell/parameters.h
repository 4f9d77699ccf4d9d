// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_PARAMETERS_H
#define UB_PLUGIN_SHELL_PARAMETERS_H

/**
   @file
   The parameters of all plugins, once, and the plugins that have them.  What a format
   tells hosts says the same, and tests compare the two.
*/

#include <stdbool.h>
#include <stdint.h>

#define UB_URI_MONO   "urn:unbraid:mono"
#define UB_URI_STEREO "urn:unbraid:stereo"
#define UB_URI_STEMS  "urn:unbraid:stems"
#define UB_URI_MIXER  "urn:unbraid:mixer"

#define UB_MAX_INS  2
#define UB_MAX_OUTS 8

/** What the selector offers, in its order.  Each is looked up in the model by name. */
#define UB_INSTRUMENTS 4
static const char* const ub_instrument[UB_INSTRUMENTS] = {"vocals", "drums", "bass", "other"};
#define UB_BLEND UB_INSTRUMENTS ///< What the selector offers after them

/** A mixer's strips: those, and what else a model has, in its order.  A strip whose instrument
    the model lacks does nothing. */
#define UB_STRIPS 6

/** Parameters.  The numbers are for good: sessions refer to parameters by them in some formats, by
    symbol in others, and later versions neither change nor use again one of either. */
typedef enum {
    UB_SOURCE = 0,        ///< Which instrument, index into ub_instrument, or UB_BLEND
    UB_MODE = 1,          ///< 0 isolate it, 1 remove it
    UB_AMOUNT = 2,        ///< 0 the delayed mix, 1 the separated sound
    UB_GAIN = 3,          ///< dB, on the separated sound
    UB_ENABLED = 4,       ///< 0 for the delayed mix as it came
    UB_FREEWHEEL = 5,     ///< 1 when the host does not run in real time
    UB_RESPONSE = 6,      ///< ub_response
    UB_PROCESSOR = 7,     ///< ub_processor
    UB_LATENCY = 8,       ///< Out: samples
    UB_LATE = 9,          ///< Out: frames played without the mask made for them
    UB_STATUS = 10,       ///< Out: what makes the masks, see ub_status_backend
    UB_BLEND_VOCALS = 11, ///< How much of each instrument the blend has, in ub_instrument's order
    UB_BLEND_DRUMS = 12,
    UB_BLEND_BASS = 13,
    UB_BLEND_OTHER = 14,
    UB_CONSISTENCY = 15, ///< 1 to make the stems sum to the mix
    UB_LOAD = 16,        ///< Out: share of the workers' time spent computing, %
    UB_STRENGTH = 17,    ///< Exponent on the masks: 1 leaves them as they are
    UB_STRIP_GAIN = 18,  ///< Of the first strip, dB; at the minimum nothing.  The others follow.
    UB_STRIP_MUTE = UB_STRIP_GAIN + UB_STRIPS,
    UB_STRIP_SOLO = UB_STRIP_MUTE + UB_STRIPS, ///< If any has it, those alone
    UB_PARAMETERS = UB_STRIP_SOLO + UB_STRIPS
} ub_parameter;

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
    float def;  ///< Also holds for what is not a number
    bool whole; ///< Rounded to an integer
    bool output;
} ub_parameter_spec;

#define UB_STRIP_SPECS(strip, symbol)                                                    \
    [UB_STRIP_GAIN + (strip)] = {symbol "_gain", -60, 12, 0, false, false},              \
                     [UB_STRIP_MUTE + (strip)] = {symbol "_mute", 0, 1, 0, true, false}, \
                     [UB_STRIP_SOLO + (strip)] = {symbol "_solo", 0, 1, 0, true, false}

static const ub_parameter_spec ub_parameters[UB_PARAMETERS] = {
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
    [UB_STATUS] = {"status", 0, 9, 0, true, true},
    [UB_BLEND_VOCALS] = {"blend_vocals", 0, 1, 1, false, false},
    [UB_BLEND_DRUMS] = {"blend_drums", 0, 1, 0, false, false},
    [UB_BLEND_BASS] = {"blend_bass", 0, 1, 0, false, false},
    [UB_BLEND_OTHER] = {"blend_other", 0, 1, 0, false, false},
    [UB_CONSISTENCY] = {"consistency", 0, 1, 0, true, false},
    [UB_LOAD] = {"engine_load", 0, 100, 0, false, true},
    [UB_STRENGTH] = {"strength", 0.5f, 3, 1, false, false},
    UB_STRIP_SPECS(0, "vocals"),
    UB_STRIP_SPECS(1, "drums"),
    UB_STRIP_SPECS(2, "bass"),
    UB_STRIP_SPECS(3, "other"),
    UB_STRIP_SPECS(4, "extra1"),
    UB_STRIP_SPECS(5, "extra2"),
};
#undef UB_STRIP_SPECS

/** Backend's name for each value of the status port.  0 is no backend, as there is no
    model; one past the end is a backend that has no value of its own. */
#define UB_STATUSES       7
#define UB_STATUS_FAILING (UB_STATUSES + 1) ///< The backend stopped making masks
#define UB_STATUS_LACKING (UB_STATUSES + 2) ///< The model does not have what is selected
static const char* const ub_status_backend[UB_STATUSES] = {
    "", "native", "reference", "cuda", "cuda-tf32", "cuda-bf16", "cuda-fp16"};

// In the order of LV2's ports: later versions may append to these, but never move one.  What a
// musician turns comes first, what hosts use and the meters last.

/** Parameters of a plugin with a selector */
static const uint8_t ub_selector_parameters[] = {
    UB_SOURCE,    UB_BLEND_VOCALS, UB_BLEND_DRUMS, UB_BLEND_BASS, UB_BLEND_OTHER, UB_MODE,
    UB_AMOUNT,    UB_GAIN,         UB_STRENGTH,    UB_RESPONSE,   UB_PROCESSOR,   UB_ENABLED,
    UB_FREEWHEEL, UB_LATENCY,      UB_LATE,        UB_LOAD,       UB_STATUS};

/** Parameters of one that plays all instruments */
static const uint8_t ub_stems_parameters[] = {
    UB_MODE,    UB_AMOUNT,    UB_GAIN,    UB_CONSISTENCY, UB_STRENGTH, UB_RESPONSE, UB_PROCESSOR,
    UB_ENABLED, UB_FREEWHEEL, UB_LATENCY, UB_LATE,        UB_LOAD,     UB_STATUS};

/** Parameters of a mixer */
#define UB_STRIP(strip) UB_STRIP_GAIN + (strip), UB_STRIP_MUTE + (strip), UB_STRIP_SOLO + (strip)
static const uint8_t ub_mixer_parameters[] = {UB_STRIP(0),  UB_STRIP(1), UB_STRIP(2),  UB_STRIP(3),
                                              UB_STRIP(4),  UB_STRIP(5), UB_STRENGTH,  UB_RESPONSE,
                                              UB_PROCESSOR, UB_ENABLED,  UB_FREEWHEEL, UB_LATENCY,
                                              UB_LATE,      UB_LOAD,     UB_STATUS};
#undef UB_STRIP

/** What a plugin plays */
typedef enum {
    UB_PLAYS_ONE, ///< The instrument that is selected, or a blend
    UB_PLAYS_ALL, ///< Each instrument, on an output of its own
    UB_PLAYS_MIX, ///< All, on faders
} ub_kind;

/** One of the plugins */
typedef struct {
    const char* uri; ///< Which one, for good, in every format
    uint32_t ins;    ///< Audio inputs
    uint32_t outs;   ///< Audio outputs, a multiple of ins
    ub_kind kind;
    const uint8_t* parameters; ///< ub_parameter
    uint32_t n_parameters;
} ub_shape;

#define UB_SHAPES 4
static const ub_shape ub_shapes[UB_SHAPES] = {
    {UB_URI_STEREO, 2, 2, UB_PLAYS_ONE, ub_selector_parameters, sizeof(ub_selector_parameters)},
    {UB_URI_MONO, 1, 1, UB_PLAYS_ONE, ub_selector_parameters, sizeof(ub_selector_parameters)},
    {UB_URI_STEMS, 2, 8, UB_PLAYS_ALL, ub_stems_parameters, sizeof(ub_stems_parameters)},
    {UB_URI_MIXER, 2, 2, UB_PLAYS_MIX, ub_mixer_parameters, sizeof(ub_mixer_parameters)},
};

#endif // UB_PLUGIN_SHELL_PARAMETERS_H
