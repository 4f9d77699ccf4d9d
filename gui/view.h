// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_VIEW_H
#define UB_GUI_VIEW_H

/**
   @file
   The window's contents: what it shows, where, and what the pointer and the keyboard do to it.
   Knows nothing of plugin formats nor of window systems: a shell gives it values and reports
   and carries out what it asks for, a window gives it events and a Cairo context.

   One thread.  Lengths are logical: one is a pixel at scale 1.
*/

#include "gui/controls.h"
#include "gui/picture.h"
#include "gui/report.h"

#include <cairo.h>
#include <stdint.h>

/** A model that can be chosen. */
typedef struct {
    char path[1024]; ///< "" for the bundle's own
    char name[64];
    char about[200]; ///< Sources, size, licence, measured quality
} ub_view_model;

/** What the window asks of the shell.  All are called from within an event. */
typedef struct {
    void* handle;
    void (*grab)(void* handle, ub_view_control control, bool grabbed); ///< Held, or let go
    void (*set)(void* handle, ub_view_control control, float value);
    void (*choose)(void* handle, const char* path); ///< A model; "" for the bundle's
    void (*list)(void* handle); ///< Asks for ub_view_set_models(), as the list is to be seen
    void (*scale)(void* handle, double scale); ///< Of the window; 0: the host's or the screen's
} ub_view_actions;

/** What the plugin says of itself. */
typedef struct {
    double rate;       ///< Hz, 0: not known
    float latency;     ///< Samples
    float late;        ///< Frames played without the mask made for them
    float load;        ///< %
    char computes[48]; ///< What makes the masks
    bool trouble;      ///< That is bad news
    char model[64];    ///< Name of the one that plays
    char message[240]; ///< What went wrong last, or ""
} ub_view_status;

typedef struct ub_view_s ub_view;

/// A window for the controls that there are: with a source it shows one instrument that is
/// pulled out, without one a strip for each, with faders if they have levels.
/// @param specs Of all controls, [UB_VIEW_CONTROLS], not copied.
/// @return NULL without memory.
ub_view* ub_view_new(const ub_view_spec* specs, const ub_view_actions* actions);

/// What is dragged is let go first.
void ub_view_free(ub_view* view);

/// What the window's size should be at scale 1, and what the least is
void ub_view_size(const ub_view* view, double* width, double* height);

// From the shell

/// A control's value came from the host
void ub_view_set(ub_view* view, ub_view_control control, float value);
void ub_view_set_status(ub_view* view, const ub_view_status* status);

/// What the model calls its sources, in the order of the strips, "" where it has none.
/// @param names [UB_VIEW_STRIPS].
void ub_view_set_sources(ub_view* view, const char names[UB_VIEW_STRIPS][24]);
void ub_view_set_models(ub_view* view, const ub_view_model* models, uint32_t n);
void ub_view_report(ub_view* view, const ub_report* report);

// From the window; each returns whether something is to be drawn anew

typedef struct {
    double x, y; ///< Logical
    bool shift;
    double time; ///< s, of the event, from whatever moment
} ub_view_pointer;

typedef enum {
    UB_KEY_TAB,
    UB_KEY_BACK_TAB,
    UB_KEY_ENTER,
    UB_KEY_ESCAPE,
    UB_KEY_BACKSPACE,
    UB_KEY_DELETE,
    UB_KEY_UP,
    UB_KEY_DOWN,
    UB_KEY_LEFT,
    UB_KEY_RIGHT,
    UB_KEY_PAGE_UP,
    UB_KEY_PAGE_DOWN,
    UB_KEY_HOME,
    UB_KEY_END
} ub_view_key;

bool ub_view_press(ub_view* view, const ub_view_pointer* at, bool secondary);
bool ub_view_move(ub_view* view, const ub_view_pointer* at);
bool ub_view_release(ub_view* view, const ub_view_pointer* at);
bool ub_view_scroll(ub_view* view, const ub_view_pointer* at, double lines);
bool ub_view_leave(ub_view* view);

/// What is dragged is let go, as its button's release will not come
void ub_view_let_go(ub_view* view);
bool ub_view_press_key(ub_view* view, ub_view_key key, bool shift);
bool ub_view_type(ub_view* view, const char* utf8);

/// Time goes by: meters fall, a tip appears.  Call it some 25 times a second.
bool ub_view_tick(ub_view* view, double time);

/// Draw all of it.  @param width, height In pixels; the contents fill them.
void ub_view_draw(ub_view* view, cairo_t* cr, double width, double height);

/// The scale at which contents fill a window of so many pixels
double ub_view_scale(const ub_view* view, double width, double height);

#endif // UB_GUI_VIEW_H
