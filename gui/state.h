// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_STATE_H
#define UB_GUI_STATE_H

/**
   @file
   What a view is made of, for the files that lay out, draw and act.
*/

#include "gui/browse.h"
#include "gui/view.h"

#include <stddef.h>

#define UB_MAX_ITEMS  64
#define UB_MAX_MODELS 64

typedef enum {
    UB_ITEM_PICTURE,
    UB_ITEM_CHOICE, ///< A button that sets a control to one of its values
    UB_ITEM_SWITCH, ///< A button that is on or off
    UB_ITEM_SLIDER, ///< From left to right, with its name and value
    UB_ITEM_FADER,  ///< From bottom to top
    UB_ITEM_METER,  ///< Of a strip, or of the output
    UB_ITEM_NAME,   ///< A strip's
    UB_ITEM_MODEL,  ///< Opens the list of models
    UB_ITEM_LATE,   ///< Late frames: a click counts anew
    UB_ITEM_STATUS, ///< What computes, latency, load
    UB_ITEM_SCALE,  ///< Decibels, left of meters and faders
    UB_ITEM_SIZE    ///< Opens the list of the window's sizes
} ub_view_item_kind;

/** Where something lies. */
typedef struct {
    double x, y, w, h;
} ub_box;

typedef struct {
    ub_view_item_kind kind;
    ub_view_control control; ///< Of all that turn one
    float value;             ///< Of a choice
    int strip;               ///< From 0, -1: none (of a meter: the output)
    ub_box box;
} ub_view_item;

typedef struct {
    float shown;    ///< dB, falls slowly
    float held;     ///< dB, the highest of the last seconds
    float highest;  ///< dB, since a click
    double held_at; ///< s
} ub_meter;

/** What lies over the rest. */
typedef enum { UB_LIST_NONE, UB_LIST_MODELS, UB_LIST_SIZES } ub_view_listing;

struct ub_view_s {
    const ub_view_spec* specs;
    ub_view_actions actions;
    float value[UB_VIEW_CONTROLS];
    char source[UB_VIEW_STRIPS][24];
    ub_view_status status;
    float late_from; ///< Late frames when they were last set to 0
    ub_picture* picture;
    ub_meter meter[UB_VIEW_STRIPS];
    ub_meter out[2];
    float power[2]; ///< Mean square of the output

    ub_view_item item[UB_MAX_ITEMS];
    uint32_t items;
    double width, height; ///< Logical size that the items are laid out for
    double scale;         ///< At which they were drawn last

    int hot;   ///< Item under the pointer, -1: none
    int held;  ///< Item that is dragged, -1: none
    int focus; ///< Item that the keyboard turns, -1: none
    ub_view_pointer at;
    float drag_place;  ///< Where the dragged control was, before it was rounded
    double pressed_at; ///< s, for double clicks
    int pressed_item;
    double hot_since;
    double now;

    int typing; ///< Item whose value is typed, -1: none
    char typed[32];

    ub_view_listing listing; ///< The list that is open
    ub_view_model model[UB_MAX_MODELS];
    uint32_t models;
    ub_browse browse; ///< A folder that is looked through for another one
    int list_hot;     ///< Row under the pointer, -1: none
    int list_top;     ///< First row to be seen
};

/// Whether the plugin has a control
static inline bool
ub_view_has(const ub_view* view, ub_view_control control)
{
    return view->specs[control].name != NULL;
}

/// Place the items for a logical size
void ub_layout(ub_view* view, double width, double height);

/// The item there, -1: none
int ub_layout_find(const ub_view* view, double x, double y);

/// Where the picture itself lies within its item, without its scales
ub_box ub_layout_picture(const ub_box* item);

/// The list that is open, and one of its rows
ub_box ub_layout_list(const ub_view* view);
uint32_t ub_list_rows(const ub_view* view);
int ub_list_seen(const ub_view* view); ///< How many rows fit

/// What a row of the list says; `about` may be ""
void ub_list_text(const ub_view* view, uint32_t row, const char** name, const char** about);

/// Choose a row
void ub_list_pick(ub_view* view, uint32_t row);

/// The colour of a strip's source, and the one that what is heard is lit in
ub_colour ub_view_colour(int strip);
ub_colour ub_view_lit(const ub_view* view);

/// Decibels that are marked beside meters and faders, from the top, and the range of both
#define UB_VIEW_MARKS 8
extern const float ub_view_marks[UB_VIEW_MARKS];
extern const ub_view_spec ub_view_decibels;

static inline bool
ub_box_has(const ub_box* box, double x, double y)
{
    return x >= box->x && x < box->x + box->w && y >= box->y && y < box->y + box->h;
}

#endif // UB_GUI_STATE_H
