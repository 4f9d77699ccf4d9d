// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  A transposed convolution put together from its parts against its definition,
  for all ways to group the phases, many geometries and many spans of frames.
*/

#include "model/backend/cuda/phases.h"
#include "tests/unit/make_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IN   2
#define OUT  3
#define SIZE 32

typedef double image[SIZE][SIZE];

/// Transposed convolution by its definition, cropped
static void
by_definition(const ub_layer* l, const float* weight, image* in, image* out)
{
    memset(out, 0, OUT * sizeof(*out));
    for (uint32_t f = 0; f < OUT; ++f) {
        for (uint32_t t = 0; t < l->out_size[0]; ++t) {
            for (uint32_t b = 0; b < l->out_size[1]; ++b) {
                for (uint32_t n = 0; n < IN * l->kernel[0] * l->kernel[1]; ++n) {
                    const uint32_t i = n / (l->kernel[0] * l->kernel[1]);
                    const uint32_t j = n / l->kernel[1] % l->kernel[0];
                    const uint32_t k = n % l->kernel[1];
                    const int64_t y = (int64_t)t + l->pad[0][0] - j;
                    const int64_t x = (int64_t)b + l->pad[1][0] - k;
                    if (y >= 0 && x >= 0 && y % l->stride[0] == 0 && x % l->stride[1] == 0 &&
                        y / l->stride[0] < l->in_size[0] && x / l->stride[1] < l->in_size[1]) {
                        out[f][t][b] +=
                            in[i][y / l->stride[0]][x / l->stride[1]] *
                            (double)weight[((i * OUT + f) * l->kernel[0] + j) * l->kernel[1] + k];
                    }
                }
            }
        }
    }
}

/// One output value of a part: an ordinary convolution with its zeros around it
static double
part_value(const ub_layer* l, const ub_part* p, const float* w, image* in, uint32_t y, uint32_t x)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < l->inputs; ++i) {
        for (uint32_t j = 0; j < p->taps[0]; ++j) {
            for (uint32_t k = 0; k < p->taps[1]; ++k, ++w) {
                const int64_t t = (int64_t)y + j - p->pad[0][0];
                const int64_t b = (int64_t)x + k - p->pad[1][0];
                if (t >= 0 && b >= 0 && t < p->in_size[0] && b < p->in_size[1]) {
                    sum += (double)*w * in[i][t + p->in_first[0]][b + p->in_first[1]];
                }
            }
        }
    }
    return sum;
}

/// Put a part's outputs where they belong; counts the values that are in the wanted span
static uint32_t
place(const ub_layer* l, const ub_part* p, const float* weight, ub_span span, image* in, image* out)
{
    uint32_t placed = 0;
    const size_t taps = (size_t)l->inputs * p->taps[0] * p->taps[1];
    float* w = (float*)malloc(p->filters * taps * sizeof(float));
    ub_part_weights(l, p, weight, w);
    for (uint32_t f = 0; f < p->filters; ++f) {
        const uint32_t phase = f / OUT;
        for (uint32_t y = 0; y < p->out_size[0]; ++y) {
            for (uint32_t x = 0; x < p->out_size[1]; ++x) {
                const int64_t t = (int64_t)(p->q_first[0] + y) * l->stride[0] + p->first_phase[0] +
                                  phase / p->phases[1] - l->pad[0][0];
                const int64_t b = (int64_t)(p->q_first[1] + x) * l->stride[1] + p->first_phase[1] +
                                  phase % p->phases[1] - l->pad[1][0];
                if (t >= span.first && t < span.first + span.count && b >= 0 &&
                    b < l->out_size[1]) {
                    out[f % OUT][t][b] = part_value(l, p, w + f * taps, in, y, x);
                    ++placed;
                }
            }
        }
    }
    free(w);
    return placed;
}

static void
check_part_geometry(const ub_layer* l, const ub_part* p, ub_span needed)
{
    for (int axis = 0; axis < 2; ++axis) {
        assert_true(p->in_first[axis] + p->in_size[axis] <= l->in_size[axis]);
        assert_true(p->in_size[axis] > 0);
        assert_int_equal(p->out_size[axis] + p->taps[axis] - 1,
                         p->in_size[axis] + p->pad[axis][0] + p->pad[axis][1]);
    }
    assert_int_equal(p->in_size[1], l->in_size[1]); // whole rows
    assert_true(p->in_first[0] >= needed.first);
    assert_true(p->in_first[0] + p->in_size[0] <= needed.first + needed.count);
}

static void
check_split(const ub_layer* l, const float* weight, ub_span span, const bool group[2], image* in,
            image* expected)
{
    static image out[OUT];
    ub_part parts[UB_MAX_PARTS];
    const uint32_t n = ub_split(l, span, group, parts);
    const ub_span needed = ub_parts_input(parts, n);
    uint32_t placed = 0;
    memset(out, 0, sizeof(out));
    for (uint32_t i = 0; i < n; ++i) {
        check_part_geometry(l, &parts[i], needed);
        placed += place(l, &parts[i], weight, span, in, out);
    }
    assert_int_equal(placed, OUT * span.count * l->out_size[1]); // every one once
    for (uint32_t f = 0; f < OUT; ++f) {
        for (uint32_t t = span.first; t < span.first + span.count; ++t) {
            for (uint32_t b = 0; b < l->out_size[1]; ++b) {
                assert_true(fabs(out[f][t][b] - expected[f][t][b]) < 1e-9);
            }
        }
    }
}

static void
check_layer(const ub_layer* l)
{
    static image in[IN];
    static image expected[OUT];
    float weight[IN * OUT * 64];
    uint64_t random = 5;
    for (size_t i = 0; i < sizeof(weight) / sizeof(weight[0]); ++i) {
        weight[i] = (float)ub_test_random(&random);
    }
    for (size_t i = 0; i < sizeof(in) / sizeof(double); ++i) {
        (&in[0][0][0])[i] = ub_test_random(&random);
    }
    by_definition(l, weight, in, expected);
    const uint32_t n = l->out_size[0];
    const ub_span spans[] = {{0, n}, {0, 1}, {n - 1, 1}, {n / 2, 2}, {1, n - 1}};
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); ++i) {
        for (int g = 0; g < 4; ++g) {
            const bool group[2] = {g & 1, g & 2};
            check_split(l, weight, spans[i], group, in, expected);
        }
    }
}

static void
parts_make_the_whole(void** state)
{
    (void)state;
    for (uint32_t n = 0; n < 7 * 3 * 3 * 3; ++n) {
        const uint32_t kernel = 1 + n % 7;
        const uint32_t stride = 1 + n / 7 % 3;
        const uint32_t before = n / 21 % 3;
        const uint32_t after = n / 63 % 3;
        if (kernel < stride) {
            continue;
        }
        ub_layer l = {.inputs = IN, .filters = OUT, .in_size = {4, 5}};
        for (int axis = 0; axis < 2; ++axis) {
            l.kernel[axis] = kernel;
            l.stride[axis] = stride;
            l.pad[axis][0] = axis ? after : before;
            l.pad[axis][1] = axis ? before : after;
            l.out_size[axis] = (l.in_size[axis] - 1) * stride + kernel - before - after;
        }
        if (l.out_size[0] >= 3 && l.out_size[0] < SIZE && l.out_size[1] < SIZE) {
            check_layer(&l);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_make_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
