// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_FACES_H
#define UB_PLUGIN_SHELL_FACES_H

/**
   @file
   What the window shows for each of the plugins' parameters.
*/

#include "gui/controls.h"
#include "plugin/shell/parameters.h"

/// Fill in the window's controls for a plugin, [UB_VIEW_CONTROLS]; those that it lacks have
/// no name
void ub_faces(const ub_shape* shape, ub_view_spec specs[UB_VIEW_CONTROLS]);

/// The window's control for a parameter, UB_VIEW_CONTROLS if it has none
ub_view_control ub_face_of(ub_parameter parameter);

/// The parameter that a control of the window turns, UB_PARAMETERS if there is none
ub_parameter ub_face_parameter(ub_view_control control);

/// What the status says, in words; whether that is bad news
const char* ub_face_status(float status, bool* trouble);

#endif // UB_PLUGIN_SHELL_FACES_H
