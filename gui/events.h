// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_EVENTS_H
#define UB_GUI_EVENTS_H

/**
   @file
   What pugl tells of the pointer and of keys, for the view and for the host.
*/

#include "gui/view.h"

#include <X11/Xlib.h>
#include <pugl/pugl.h>

/// Give an event to the view.
/// @param scale At which the view is drawn.
/// @return Whether it had a use for it, and all of it is to be drawn anew.
bool ub_event_act(ub_view* view, PuglView* pugl, double scale, const PuglEvent* event);

/// Whether no text comes after a key, as it writes nothing
bool ub_event_is_silent(const PuglKeyEvent* event);

/// Tell whoever has made the window around one of a key.
/// @param event A PuglTextEvent begins as one.
void ub_event_hand_on(Display* display, Window window, const PuglKeyEvent* event);

#endif // UB_GUI_EVENTS_H
