// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/window.h"

#include <math.h>

static double
hann(uint32_t i, uint32_t size)
{
    return 0.5 - 0.5 * cos(2.0 * M_PI * i / size);
}

static double
analysis(uint32_t size, uint32_t heard, uint32_t i)
{
    const uint32_t rise = size - heard / 2;
    return i < rise ? hann(i, 2 * rise) : hann(i - (size - heard), heard);
}

void
ub_window_analysis(uint32_t size, uint32_t heard, float* window)
{
    for (uint32_t i = 0; i < size; ++i) {
        window[i] = (float)analysis(size, heard, i);
    }
}

void
ub_window_synthesis(uint32_t size, uint32_t heard, float* window)
{
    const uint32_t before = size - heard;
    for (uint32_t i = 0; i < size; ++i) {
        const double h = i > before ? hann(i - before, heard) : 0.0;
        window[i] = i > before ? (float)(h * (h / analysis(size, heard, i))) : 0.0f;
    }
}
