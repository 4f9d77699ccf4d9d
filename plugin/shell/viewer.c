// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/viewer.h"

#include <math.h>
#include <string.h>

#define WATCH_S  2.0
#define REPORT_S (1.0 / 42.0)

_Static_assert(UB_REPORT_SOURCES <= UB_MAX_SLOTS, "each strip is a part");

void
ub_viewer_watch(ub_viewer* viewer)
{
    viewer->left = (uint32_t)(WATCH_S * viewer->rate);
}

void
ub_viewer_hear(ub_viewer* viewer, float* const* out, uint32_t outs, uint32_t channels, uint32_t n)
{
    for (uint32_t o = 0; o < outs; ++o) {
        const uint32_t side = o % channels;
        for (uint32_t i = 0; i < n; ++i) {
            const float x = out[o][i];
            viewer->peak[side] = fmaxf(viewer->peak[side], fabsf(x));
            viewer->power[side] += (double)(x * x);
        }
    }
    if (channels == 1) {
        viewer->peak[1] = viewer->peak[0];
        viewer->power[1] = viewer->power[0];
    }
    viewer->since += n;
    viewer->left -= viewer->left < n ? viewer->left : n;
}

static float
decibels(double amplitude)
{
    const double db = 20.0 * log10(amplitude + 1e-15);
    return db > (double)UB_REPORT_SILENCE ? (float)db : UB_REPORT_SILENCE;
}

bool
ub_viewer_report(ub_viewer* viewer, ub_tap* tap, bool strips, ub_report* report)
{
    ub_tap_levels levels;
    if (viewer->since < REPORT_S * viewer->rate || !ub_tap_read(tap, &levels)) {
        return false;
    }
    report->seconds = (float)(viewer->since / viewer->rate);
    memcpy(report->mix, levels.mix, sizeof(report->mix));
    memcpy(report->heard, levels.heard, sizeof(report->heard));
    for (uint32_t b = 0; b < UB_REPORT_BANDS; ++b) {
        report->owner[b] = strips ? levels.owner[b] : -1.0f;
    }
    memcpy(report->source, levels.part, sizeof(report->source));
    for (int c = 0; c < 2; ++c) {
        report->peak[c] = decibels((double)viewer->peak[c]);
        report->rms[c] = decibels(sqrt(viewer->power[c] / viewer->since));
        viewer->peak[c] = 0.0f;
        viewer->power[c] = 0.0;
    }
    viewer->since = 0;
    return true;
}
