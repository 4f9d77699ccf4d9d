// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_DRAW_H
#define UB_GUI_DRAW_H

/**
   @file
   One function for each kind of item.
*/

#include "gui/paint.h"

/** What the functions need beside the item. */
typedef struct {
    const ub_view* view;
    bool hot;    ///< The pointer is over it, or the keyboard turns it
    bool typing; ///< Its value is being typed
} ub_draw;

void ub_draw_choice(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_switch(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_slider(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_fader(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_meter(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_picture(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_status(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_late(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_model(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_scale(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_size(cairo_t* cr, const ub_draw* d, const ub_view_item* item);
void ub_draw_list(cairo_t* cr, const ub_view* view);
void ub_draw_tip(cairo_t* cr, const ub_draw* d, const ub_view_item* item);

#endif // UB_GUI_DRAW_H
