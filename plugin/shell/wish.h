// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_WISH_H
#define UB_PLUGIN_SHELL_WISH_H

/**
   @file
   What the control ports say.  Everything here is real-time safe.
*/

#include "plugin/shell/deck.h"
#include "plugin/shell/parameters.h"

typedef struct {
    float* port[UB_CONTROLS]; ///< The host's; NULL if not connected
} ub_controls;

/// A control's value: in range, finite, and whole where it should be.
float ub_control_get(const ub_controls* controls, ub_control control);

/// Tell the host, up to the port's maximum.
void ub_control_put(const ub_controls* controls, ub_control control, float value);

/// What the ports ask an output to play.
/// @param selector Whether the plugin plays what is selected, or one instrument on each output.
ub_wish ub_controls_wish(const ub_controls* controls, bool selector, uint32_t output);

#endif // UB_PLUGIN_SHELL_WISH_H
