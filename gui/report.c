// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/report.h"

#include <math.h>
#include <string.h>

bool
ub_report_read(ub_report* report, const float* values, uint32_t n)
{
    if (n != UB_REPORT_FLOATS) {
        return false;
    }
    float safe[UB_REPORT_FLOATS];
    for (uint32_t i = 0; i < n; ++i) {
        const bool fine = isfinite(values[i]) && values[i] >= UB_REPORT_SILENCE;
        safe[i] = fine ? fminf(values[i], 60.0f) : UB_REPORT_SILENCE;
    }
    memcpy(report, safe, sizeof(*report));
    report->seconds = fminf(fmaxf(report->seconds, 0.0f), 1.0f);
    const float latency = ((const ub_report*)values)->latency;
    report->latency = latency >= 0.0f && latency < 1e7f ? latency : 0.0f;
    return true;
}
