// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/phases.h"

#include <string.h>

static int64_t
floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/// Taps of a phase on one axis
static uint32_t
phase_taps(const ub_layer* layer, int axis, uint32_t phase)
{
    return (layer->kernel[axis] - phase + layer->stride[axis] - 1) / layer->stride[axis];
}

/// Fill in one axis of a part so that it covers outputs first to first + count - 1
static void
cover(const ub_layer* layer, int axis, ub_span out, ub_part* part)
{
    const int64_t s = layer->stride[axis];
    const int64_t crop = layer->pad[axis][0];
    const int64_t in = layer->in_size[axis];
    const int64_t low_phase = part->first_phase[axis];
    const int64_t high_phase = low_phase + part->phases[axis] - 1;
    const int64_t taps = phase_taps(layer, axis, part->first_phase[axis]);
    // Least q of any phase with s * q + p >= crop + first, greatest with <= crop + last
    int64_t low = floor_div(out.first + crop - high_phase + s - 1, s);
    int64_t high = floor_div((int64_t)out.first + out.count - 1 + crop - low_phase, s);
    low = low < 0 ? 0 : low;
    if (axis == 1) { // rows are read whole
        low = low > taps - 1 ? taps - 1 : low;
        high = high < in - 1 ? in - 1 : high;
    }
    const int64_t from = low - taps + 1 < 0 ? 0 : low - taps + 1;
    const int64_t to = high > in - 1 ? in - 1 : high;
    part->taps[axis] = (uint32_t)taps;
    part->q_first[axis] = (uint32_t)low;
    part->out_size[axis] = high < low ? 0 : (uint32_t)(high - low + 1);
    part->in_first[axis] = (uint32_t)from;
    part->in_size[axis] = to < from ? 0 : (uint32_t)(to - from + 1);
    part->pad[axis][0] = (uint32_t)(from - (low - taps + 1));
    part->pad[axis][1] = high > to ? (uint32_t)(high - to) : 0;
}

uint32_t
ub_split(const ub_layer* layer, ub_span out, const bool group[2], ub_part parts[UB_MAX_PARTS])
{
    const ub_span bins = {0, layer->out_size[1]};
    uint32_t n = 0;
    for (uint32_t j = 0; j < layer->stride[0]; j += group[0] ? layer->stride[0] : 1) {
        for (uint32_t k = 0; k < layer->stride[1]; k += group[1] ? layer->stride[1] : 1) {
            ub_part* part = &parts[n];
            memset(part, 0, sizeof(*part));
            part->first_phase[0] = j;
            part->first_phase[1] = k;
            part->phases[0] = group[0] ? layer->stride[0] : 1;
            part->phases[1] = group[1] ? layer->stride[1] : 1;
            part->filters = part->phases[0] * part->phases[1] * layer->filters;
            cover(layer, 0, out, part);
            cover(layer, 1, bins, part);
            n += part->out_size[0] > 0; // a short span may hold no output of this phase
        }
    }
    return n;
}

ub_span
ub_parts_input(const ub_part* parts, uint32_t n)
{
    uint32_t from = UINT32_MAX;
    uint32_t to = 0;
    for (uint32_t i = 0; i < n; ++i) {
        const uint32_t end = parts[i].in_first[0] + parts[i].in_size[0];
        from = parts[i].in_first[0] < from ? parts[i].in_first[0] : from;
        to = end > to ? end : to;
    }
    return (ub_span){from, to - from};
}

/// Weights of one phase: taps phase + stride * n in reverse, 0 where there is no such tap
static void
phase_weights(const ub_layer* layer, const ub_part* part, const uint32_t phase[2],
              const float* weight, float* out)
{
    const size_t kernel = (size_t)layer->kernel[0] * layer->kernel[1];
    for (uint32_t f = 0; f < layer->filters; ++f) {
        for (uint32_t i = 0; i < layer->inputs; ++i) {
            const float* w = weight + ((size_t)i * layer->filters + f) * kernel;
            for (uint32_t y = 0; y < part->taps[0]; ++y) {
                for (uint32_t x = 0; x < part->taps[1]; ++x) {
                    const uint32_t j = phase[0] + layer->stride[0] * (part->taps[0] - 1 - y);
                    const uint32_t k = phase[1] + layer->stride[1] * (part->taps[1] - 1 - x);
                    const bool there = j < layer->kernel[0] && k < layer->kernel[1];
                    *out++ = there ? w[j * layer->kernel[1] + k] : 0.0f;
                }
            }
        }
    }
}

void
ub_part_weights(const ub_layer* layer, const ub_part* part, const float* weight, float* out)
{
    const size_t size = (size_t)layer->filters * layer->inputs * part->taps[0] * part->taps[1];
    for (uint32_t j = 0; j < part->phases[0]; ++j) {
        for (uint32_t k = 0; k < part->phases[1]; ++k) {
            const uint32_t phase[2] = {part->first_phase[0] + j, part->first_phase[1] + k};
            phase_weights(layer, part, phase, weight, out);
            out += size;
        }
    }
}
