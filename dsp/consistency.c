// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/consistency.h"

// Far below any mask that is heard: shares a mix that no source claims out evenly
#define FLOOR 1e-6f

void
ub_make_consistent(float* const* mask, uint32_t sources, uint32_t n, float amount)
{
    for (uint32_t i = 0; i < n; ++i) {
        float sum = 0.0f;
        float squares = 0.0f;
        for (uint32_t s = 0; s < sources; ++s) {
            const float m = mask[s] ? mask[s][i] : 0.0f;
            sum += m;
            squares += mask[s] ? m * m + FLOOR : 0.0f;
        }
        const float rest = squares > 0.0f ? amount * (1.0f - sum) / squares : 0.0f;
        for (uint32_t s = 0; s < sources; ++s) {
            if (mask[s]) {
                mask[s][i] += rest * (mask[s][i] * mask[s][i] + FLOOR);
            }
        }
    }
}
