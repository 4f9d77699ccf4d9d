// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_PAINT_H
#define UB_GUI_PAINT_H

/**
   @file
   Shapes and text that everything in the window is drawn with.
*/

#include "gui/state.h"

typedef enum { UB_LEFT, UB_CENTRE, UB_RIGHT } ub_align;

extern const ub_colour ub_ground; ///< Behind all
extern const ub_colour ub_panel;  ///< Of a button, a track
extern const ub_colour ub_raised; ///< Of one under the pointer
extern const ub_colour ub_edge;
extern const ub_colour ub_text;
extern const ub_colour ub_faint; ///< Text that says less
extern const ub_colour ub_alarm;
extern const ub_colour ub_accent;

void ub_paint_colour(cairo_t* cr, ub_colour colour, double alpha);
void ub_paint_box(cairo_t* cr, const ub_box* box, double radius, ub_colour colour);
void ub_paint_frame(cairo_t* cr, const ub_box* box, double radius, ub_colour colour);

/// One line in a box, in the middle of its height; cut with "..." where it is too long
void ub_paint_text(cairo_t* cr, const ub_box* box, const char* text, double size, bool bold,
                   ub_align align, ub_colour colour);

/// Lines broken at spaces, from the top of a box; returns the height they take.
/// Nothing is drawn if `colour` is NULL.
double ub_paint_lines(cairo_t* cr, const ub_box* box, const char* text, double size,
                      const ub_colour* colour);

/// Black or white, whichever reads better on a colour
ub_colour ub_paint_on(ub_colour colour);

#endif // UB_GUI_PAINT_H
