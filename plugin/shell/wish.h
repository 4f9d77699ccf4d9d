// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_WISH_H
#define UB_PLUGIN_SHELL_WISH_H

/**
   @file
   What the parameters ask the outputs to play.  Everything here is real-time safe.
*/

#include "plugin/shell/parameters.h"

/** What an output should play, by instrument. */
typedef struct {
    float instrument[UB_STRIPS]; ///< How much of each, 0 to 1; in a mixer its gain, linear
    bool solo[UB_STRIPS];        ///< In a mixer
    bool bypass;                 ///< The delayed mix as it came, from the first output
    bool remove;
    float amount;
    float gain; ///< Linear
    float strength;
    float consistency;
} ub_wish;

/// A parameter's value as it counts: in range, finite, and whole where it should be.
float ub_parameter_clean(ub_parameter parameter, float value);

/// What clean values, [UB_PARAMETERS], ask an output to play.
ub_wish ub_wish_of(const float* value, ub_kind kind, uint32_t output);

/// Whether two wishes sound the same
bool ub_wish_same(const ub_wish* a, const ub_wish* b);

#endif // UB_PLUGIN_SHELL_WISH_H
