// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_PLACE_H
#define UB_GUI_PLACE_H

/**
   @file
   Room for a window of another size in a host's.

   Hosts are told by their own means.  Some make room, some do so only at first (Ardour), some make
   none for less (jalv); then the window around all is asked, and what is got at last is taken:
   half of a window would be of no use.
*/

#include <X11/Xlib.h>

#include <stdbool.h>

/** A size that was asked for. */
typedef struct {
    unsigned width, height;
    double at;  ///< s, when; 0: none is waited for
    bool fills; ///< The window has filled the one that it is in
    bool told;  ///< The window around all was asked
} ub_place;

/// The window that one is in, None if that is the whole screen
Window ub_place_parent(Display* display, Window window);

/// Before a size is asked for: begins to wait
void ub_place_ask(ub_place* place, Display* display, Window window, unsigned width, unsigned height,
                  double now);

/// From time to time.  @return Whether the window is to take the size that is in the room now.
bool ub_place_wait(ub_place* place, Display* display, Window window, double now);

#endif // UB_GUI_PLACE_H
