// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_WINDOW_H
#define UB_GUI_WINDOW_H

/**
   @file
   A view in a window of X11, in a host's or on its own.  One thread, the host's for windows.
*/

#include "gui/view.h"

#include <stddef.h>

typedef struct ub_window_s ub_window;

/**
   Open one.

   @param view Not owned, must outlive the window.
   @param parent The host's window that it goes into, 0 for none.
   @param scale 0: that of the screen.
   @return NULL if there is no display, with one line in err.
*/
ub_window* ub_window_new(ub_view* view, uintptr_t parent, double scale, char* err, size_t err_size);
void ub_window_free(ub_window* window);

/// The window's number, for the host
uintptr_t ub_window_native(const ub_window* window);

/// The scale that the screen asks for
double ub_window_screen_scale(const ub_window* window);

/// The scale at which the window is as large as the screen
double ub_window_largest_scale(const ub_window* window);

/// Its size in pixels
void ub_window_size(const ub_window* window, unsigned* width, unsigned* height);
void ub_window_resize(ub_window* window, unsigned width, unsigned height);

/// The same where it is not the host's doing: room is asked for, and what there is at last taken
void ub_window_ask(ub_window* window, unsigned width, unsigned height);

/// Seconds since some moment, as the window counts them
double ub_window_time(const ub_window* window);

/// Do what has come and draw what has changed; some 25 times a second.
/// @return False once it has been closed.
bool ub_window_idle(ub_window* window);

#endif // UB_GUI_WINDOW_H
