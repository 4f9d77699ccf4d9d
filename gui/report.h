// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_REPORT_H
#define UB_GUI_REPORT_H

/**
   @file
   What a plugin tells its window of the sound, some 40 times a second while the window is
   open: one column of the picture, and what the meters show.

   It travels as one vector of floats, so it may cross to another process.
*/

#include "dsp/tap.h"

#include <stdbool.h>
#include <stdint.h>

#define UB_REPORT_BANDS   UB_TAP_BANDS ///< Of equal width on a logarithmic scale of frequency,
#define UB_REPORT_LOW     UB_TAP_LOW   ///< Hz, from here
#define UB_REPORT_HIGH    UB_TAP_HIGH  ///< to here
#define UB_REPORT_SOURCES 6

/** Levels are dB of full scale (a sine of full scale has 0), never above 60 nor below
    UB_REPORT_SILENCE. */
#define UB_REPORT_SILENCE UB_TAP_SILENCE

typedef struct {
    float seconds;                ///< Of sound since the report before
    float latency;                ///< Samples; here too, as hosts may keep its port to themselves
    float mix[UB_REPORT_BANDS];   ///< Level of the delayed mix
    float heard[UB_REPORT_BANDS]; ///< Level of what is heard of it
    float owner[UB_REPORT_BANDS]; ///< Strip that most of it is, -1: there are none
    float peak[2];                ///< Highest sample of the output, left and right
    float rms[2];                 ///< Mean power of the output
    float source[UB_REPORT_SOURCES]; ///< Mean power of each strip's sound
} ub_report;

#define UB_REPORT_FLOATS (sizeof(ub_report) / sizeof(float))

/// Take in a report that came from elsewhere.  False, and nothing taken, if it has another
/// length; what is no number, or out of range, is silence.
bool ub_report_read(ub_report* report, const float* values, uint32_t n);

#endif // UB_GUI_REPORT_H
