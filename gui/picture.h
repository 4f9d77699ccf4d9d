// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_PICTURE_H
#define UB_GUI_PICTURE_H

/**
   @file
   The live picture: a spectrogram of the mix on a logarithmic scale of frequency, in grey,
   with the part that is heard lit in colour.

   A ring of columns.  Each is drawn once, when it comes; painting copies the ring in two
   halves.  One thread.
*/

#include "gui/report.h"

#include <cairo.h>

#define UB_PICTURE_COLUMNS 512

typedef struct {
    float r, g, b;
} ub_colour;

typedef struct ub_picture_s ub_picture;

ub_picture* ub_picture_new(void);
void ub_picture_free(ub_picture* picture);

/// Add a column at the right.  Columns are of equal time: reports are drawn as often as that
/// needs.
/// @param colours What is heard is lit in, of each owner, [UB_REPORT_SOURCES], and of none.
void ub_picture_add(ub_picture* picture, const ub_report* report,
                    const ub_colour colours[UB_REPORT_SOURCES + 1]);

/// Hold the picture, or let it run again from what has come meanwhile
void ub_picture_freeze(ub_picture* picture, bool frozen);
bool ub_picture_frozen(const ub_picture* picture);

/// Paint it into a rectangle
void ub_picture_paint(const ub_picture* picture, cairo_t* cr, double x, double y, double w,
                      double h);

/** What lies at a point. */
typedef struct {
    float seconds; ///< Ago
    float hertz;
    float mix;   ///< dB
    float heard; ///< dB
} ub_picture_point;

/// @param x From 0 at the left to 1.
/// @param y From 0 at the top to 1.
/// @return False where no column is yet.
bool ub_picture_at(const ub_picture* picture, float x, float y, ub_picture_point* point);

/// Where a frequency lies, 0 at the top to 1
float ub_picture_row(float hertz);

/// Seconds that the whole width shows
float ub_picture_span(void);

#endif // UB_GUI_PICTURE_H
