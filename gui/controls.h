// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_CONTROLS_H
#define UB_GUI_CONTROLS_H

/**
   @file
   What the window can turn, whatever plugin format it turns it in.
*/

#include <stdbool.h>

/** Strips of a mixer, and amounts of a blend: the four instruments, and room for what a model
    may have beyond them. */
#define UB_VIEW_STRIPS 6

typedef enum {
    UB_VIEW_SOURCE,
    UB_VIEW_MODE,
    UB_VIEW_AMOUNT,
    UB_VIEW_GAIN,
    UB_VIEW_STRENGTH,
    UB_VIEW_CONSISTENCY,
    UB_VIEW_RESPONSE,
    UB_VIEW_PROCESSOR,
    UB_VIEW_ENABLED,
    UB_VIEW_BLEND,                                  ///< The first of UB_VIEW_STRIPS
    UB_VIEW_LEVEL = UB_VIEW_BLEND + UB_VIEW_STRIPS, ///< A strip's fader
    UB_VIEW_MUTE = UB_VIEW_LEVEL + UB_VIEW_STRIPS,
    UB_VIEW_SOLO = UB_VIEW_MUTE + UB_VIEW_STRIPS,
    UB_VIEW_CONTROLS = UB_VIEW_SOLO + UB_VIEW_STRIPS
} ub_view_control;

/** What the window must know of a control to show it. */
typedef struct {
    const char* name; ///< NULL: this plugin has no such control
    const char* tip;  ///< One sentence, or NULL
    const char* unit; ///< "dB", "%" or ""
    float min;
    float max;
    float def;
    bool whole;                ///< Integers only
    const char* const* labels; ///< Of each integer from min on, NULL at the end, or NULL
} ub_view_spec;

/// A value that the control can have: within its range, whole if it must be; its default for
/// what is no number
float ub_view_fit(const ub_view_spec* spec, float value);

/// Where a value lies on a fader of that control, 0 to 1, and back.  Decibels are spread as on
/// a mixing desk: half of the way for the 20 dB around 0, and off at the bottom.
float ub_view_place(const ub_view_spec* spec, float value);
float ub_view_value(const ub_view_spec* spec, float place);

/// Write a value in words, as "-3.5 dB", "off", "Studio"
void ub_view_print(const ub_view_spec* spec, float value, char* text, unsigned size);

/// Read what somebody typed.  False if it is no number and no label.
bool ub_view_parse(const ub_view_spec* spec, const char* text, float* value);

#endif // UB_GUI_CONTROLS_H
