// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_VIEWER_H
#define UB_PLUGIN_SHELL_VIEWER_H

/**
   @file
   What is told to a window while somebody watches.  Audio thread, real-time safe.
*/

#include "dsp/tap.h"
#include "gui/report.h"

typedef struct {
    double rate;
    uint32_t left;  ///< Samples for which somebody watches still
    uint32_t since; ///< Samples since the last report
    float peak[2];
    double power[2]; ///< Sum of squares
} ub_viewer;

/// Somebody watches, for the next two seconds
void ub_viewer_watch(ub_viewer* viewer);

static inline bool
ub_viewer_is_on(const ub_viewer* viewer)
{
    return viewer->left > 0;
}

/// Take in what was played, [outs][n], of which every `channels` are an output.
void ub_viewer_hear(ub_viewer* viewer, float* const* out, uint32_t outs, uint32_t channels,
                    uint32_t n);

/// Make a report if it is time for one; its latency is left.
/// @param strips Whether the tap's parts are strips.
bool ub_viewer_report(ub_viewer* viewer, ub_tap* tap, bool strips, ub_report* report);

#endif // UB_PLUGIN_SHELL_VIEWER_H
