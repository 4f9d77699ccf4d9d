// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Layers computed by minimal filtering against plain sums.
*/

#include "model/conv/conv.h"
#include "model/conv/kernel.h"
#include "model/conv/pack.h"
#include "tests/unit/make_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define JOBS  3
#define GUARD 42.0f

/** A layer, its images and its outputs. */
typedef struct {
    ub_layer layer;
    bool planes;
    uint32_t skip; ///< Input channels of the second part
    uint32_t n_out;
    ub_activation other; ///< Of the second output, which has no gain
    float* weight;
    float* scale;
    float* shift;
    float* gain; ///< Of the first output, or NULL
    float* offset;
    float* first[JOBS]; ///< Inputs, [frames][bins][inputs - skip]
    float* second[JOBS];
    float* expected[2][JOBS]; ///< Of both outputs, [frames][bins][filters]
} problem;

static float*
random_values(size_t n, uint64_t* state)
{
    float* values = (float*)malloc(n * sizeof(float));
    for (size_t i = 0; i < n; ++i) {
        values[i] = (float)ub_test_random(state);
    }
    return values;
}

static double
input_at(const problem* p, uint32_t job, int64_t t, int64_t b, uint32_t c)
{
    const ub_layer* l = &p->layer;
    const uint32_t before = l->inputs - p->skip;
    if (t < 0 || t >= l->in_size[0] || b < 0 || b >= l->in_size[1]) {
        return 0.0;
    }
    const size_t pixel = (size_t)t * l->in_size[1] + (size_t)b;
    return (double)(c < before ? p->first[job][pixel * before + c]
                               : p->second[job][pixel * p->skip + c - before]);
}

/// One sum by its definition
static double
sum_at(const problem* p, uint32_t job, uint32_t t, uint32_t b, uint32_t f)
{
    const ub_layer* l = &p->layer;
    double sum = 0.0;
    for (uint32_t j = 0; j < l->kernel[0]; ++j) {
        for (uint32_t k = 0; k < l->kernel[1]; ++k) {
            int64_t y = (int64_t)t * l->stride[0] + j * l->dilation[0] - l->pad[0][0];
            int64_t x = (int64_t)b * l->stride[1] + k * l->dilation[1] - l->pad[1][0];
            if (l->transposed) {
                y = (int64_t)t + l->pad[0][0] - j;
                x = (int64_t)b + l->pad[1][0] - k;
                if (y < 0 || x < 0 || y % l->stride[0] || x % l->stride[1]) {
                    continue;
                }
                y /= l->stride[0];
                x /= l->stride[1];
            }
            for (uint32_t c = 0; c < l->inputs; ++c) {
                const size_t channel =
                    l->transposed ? (size_t)c * l->filters + f : (size_t)f * l->inputs + c;
                sum += (double)p->weight[(channel * l->kernel[0] + j) * l->kernel[1] + k] *
                       input_at(p, job, y, x, c);
            }
        }
    }
    return sum * (double)p->scale[f] + (double)p->shift[f];
}

static void
problem_open(problem* p, bool halves, bool after)
{
    const ub_layer* l = &p->layer;
    uint64_t state = 11;
    const size_t in = (size_t)l->in_size[0] * l->in_size[1];
    const size_t out = (size_t)l->out_size[0] * l->out_size[1];
    p->weight = random_values((size_t)l->inputs * l->filters * l->kernel[0] * l->kernel[1], &state);
    for (size_t i = 0; halves && i < (size_t)l->inputs * l->filters * l->kernel[0] * l->kernel[1];
         ++i) {
        p->weight[i] = rintf(p->weight[i] * 256.0f) / 256.0f;
    }
    p->scale = random_values(l->filters, &state);
    p->shift = random_values(l->filters, &state);
    p->gain = after ? random_values(l->filters, &state) : NULL;
    p->offset = after ? random_values(l->filters, &state) : NULL;
    for (uint32_t i = 0; i < JOBS; ++i) {
        p->first[i] = random_values(in * (l->inputs - p->skip), &state);
        p->second[i] = random_values(in * p->skip, &state);
        p->expected[0][i] = (float*)malloc(out * l->filters * sizeof(float));
        p->expected[1][i] = (float*)malloc(out * l->filters * sizeof(float));
        for (size_t k = 0; k < out * l->filters; ++k) {
            const size_t pixel = k / l->filters;
            const uint32_t f = (uint32_t)(k % l->filters);
            const double x = sum_at(p, i, (uint32_t)(pixel / l->out_size[1]),
                                    (uint32_t)(pixel % l->out_size[1]), f);
            const double y = ub_activate(&l->activation, x);
            p->expected[0][i][k] =
                (float)(p->gain ? y * (double)p->gain[f] + (double)p->offset[f] : y);
            p->expected[1][i][k] = (float)ub_activate(&p->other, x);
        }
    }
}

static void
problem_close(problem* p)
{
    free(p->weight);
    free(p->scale);
    free(p->shift);
    free(p->gain);
    free(p->offset);
    for (uint32_t i = 0; i < JOBS; ++i) {
        free(p->first[i]);
        free(p->second[i]);
        free(p->expected[0][i]);
        free(p->expected[1][i]);
    }
}

/// Where an output is: outputs of images have a value too many in each pixel
static size_t
out_at(const problem* p, ub_span rows, uint32_t t, uint32_t b, uint32_t f)
{
    const ub_layer* l = &p->layer;
    const size_t pixel = (size_t)(t - rows.first) * l->out_size[1] + b;
    return p->planes ? (size_t)f * rows.count * l->out_size[1] + pixel
                     : pixel * (l->filters + 1) + f;
}

/// One output of a job: the right numbers, and nothing else is written
static void
check_output(const problem* p, uint32_t job, uint32_t which, ub_span rows, const float* out,
             size_t size)
{
    const ub_layer* l = &p->layer;
    size_t guards = size;
    for (uint32_t t = rows.first; t < rows.first + rows.count; ++t) {
        for (uint32_t b = 0; b < l->out_size[1]; ++b) {
            for (uint32_t f = 0; f < l->filters; ++f) {
                const float y = out[out_at(p, rows, t, b, f)];
                const size_t at = ((size_t)t * l->out_size[1] + b) * l->filters + f;
                const float expected = p->expected[which][job][at];
                if (!(fabsf(y - expected) < 1e-4f)) {
                    fail_msg("job %u, output %u, frame %u, bin %u, filter %u: %g (expected %g)",
                             job, which, t, b, f, (double)y, (double)expected);
                }
                --guards;
            }
        }
    }
    for (size_t k = 0; k < size; ++k) {
        guards -= out[k] == GUARD;
    }
    assert_int_equal(guards, 0);
}

/// The frames of an image that some outputs need, as a copy that has nothing but NaN around them
static float*
cut_out(const ub_layer* l, const float* image, uint32_t channels, ub_span there)
{
    const size_t row = (size_t)l->in_size[1] * channels;
    float* copy = (float*)malloc((l->in_size[0] * row + 1) * sizeof(float));
    for (size_t i = 0; i < l->in_size[0] * row; ++i) {
        const bool within = i / row >= there.first && i / row < there.first + there.count;
        copy[i] = within ? image[i] : NAN;
    }
    return copy;
}

static void
check_rows(const problem* p, const ub_conv* conv, uint32_t n, ub_span rows, float* first_out)
{
    const ub_layer* l = &p->layer;
    const size_t size = (size_t)(l->filters + 1) * rows.count * l->out_size[1];
    const size_t step = p->planes ? (size_t)rows.count * l->out_size[1] : l->filters + 1U;
    const ub_span there = ub_step_input(l, rows);
    ub_conv_job jobs[JOBS];
    char* scratch = (char*)aligned_alloc(64, ub_conv_scratch(conv, JOBS, l->out_size[0]));
    for (uint32_t i = 0; i < n; ++i) {
        const uint32_t before = l->inputs - p->skip;
        jobs[i] = (ub_conv_job){
            .in = {{cut_out(l, p->first[i], before, there), there, before, before},
                   {cut_out(l, p->second[i], p->skip, there), there, p->skip, p->skip}},
            .n_out = p->n_out};
        for (uint32_t k = 0; k < p->n_out; ++k) {
            const ub_finish finish = {k ? &p->other : &l->activation,
                                      p->scale,
                                      p->shift,
                                      k ? NULL : p->gain,
                                      p->offset,
                                      l->filters};
            float* out = (float*)malloc(size * sizeof(float));
            for (size_t at = 0; at < size; ++at) {
                out[at] = GUARD;
            }
            jobs[i].out[k] = (ub_conv_out){finish, out, rows.first, step};
        }
    }
    ub_conv_run(conv, jobs, n, rows, scratch);
    for (uint32_t i = 0; i < n; ++i) {
        for (uint32_t k = 0; k < p->n_out; ++k) {
            check_output(p, i, k, rows, jobs[i].out[k].out, size);
        }
    }
    memcpy(first_out, jobs[0].out[0].out, size * sizeof(float));
    for (uint32_t i = 0; i < n; ++i) {
        for (uint32_t k = 0; k < 2; ++k) {
            free((void*)jobs[i].in[k].pixels);
            if (k < p->n_out) {
                free(jobs[i].out[k].out);
            }
        }
    }
    free(scratch);
}

/// Some frames alone, and with other images, are the same numbers as in the whole
static void
check_same(const problem* p, const ub_conv* conv, const float* whole, ub_span rows, uint32_t n)
{
    const ub_layer* l = &p->layer;
    const ub_span all = {0, l->out_size[0]};
    float* some =
        (float*)malloc((size_t)(l->filters + 1) * rows.count * l->out_size[1] * sizeof(float));
    check_rows(p, conv, n, rows, some);
    for (uint32_t t = rows.first; t < rows.first + rows.count; ++t) {
        for (uint32_t b = 0; b < l->out_size[1]; ++b) {
            for (uint32_t f = 0; f < l->filters; ++f) {
                assert_true(some[out_at(p, rows, t, b, f)] == whole[out_at(p, all, t, b, f)]);
            }
        }
    }
    free(some);
}

static void
check_way(const problem* p, bool filtered)
{
    const ub_layer* l = &p->layer;
    const uint32_t frames = l->out_size[0];
    ub_conv* conv = ub_conv_new(l, p->planes, filtered, p->weight);
    assert_non_null(conv);
    float* whole =
        (float*)malloc((size_t)(l->filters + 1) * frames * l->out_size[1] * sizeof(float));
    check_rows(p, conv, 1, (ub_span){0, frames}, whole);
    check_same(p, conv, whole, (ub_span){0, frames}, JOBS);
    check_same(p, conv, whole, (ub_span){frames - 1, 1}, 1);
    check_same(p, conv, whole, (ub_span){1, frames - 2}, 2);
    free(whole);
    ub_conv_free(conv);
}

/// What a layer is
typedef enum { STRIDED, TRANSPOSED, MASK, STRIDED_MASK } kind;

static void
check_outputs(ub_layer layer, bool planes, uint32_t skip, bool halves)
{
    for (uint32_t n_out = 1; n_out <= UB_CONV_OUTS; ++n_out) {
        problem p = {.layer = layer,
                     .planes = planes,
                     .skip = skip,
                     .n_out = n_out,
                     .other = {UB_LINEAR, 0.0f}};
        problem_open(&p, halves, n_out > 1);
        if (ub_conv_can_filter(&p.layer, planes)) {
            check_way(&p, true);
        }
        check_way(&p, false);
        problem_close(&p);
    }
}

/// Filtered and directly, with weights that are half-precision numbers and that are not, and
/// with one output and two
static void
check(ub_layer layer, kind what, uint32_t skip)
{
    layer.transposed = what == TRANSPOSED || what == MASK;
    for (int axis = 0; axis < 2; ++axis) {
        layer.dilation[axis] = layer.dilation[axis] ? layer.dilation[axis] : 1;
    }
    for (int halves = 0; halves < 2; ++halves) {
        check_outputs(layer, what >= MASK, skip, halves);
    }
}

#define LEAKY               \
    {                       \
        UB_LEAKY_RELU, 0.2f \
    }

static void
strided_layers_are_right(void** state)
{
    (void)state;
    // Five bins by two, then kernels of other sizes, strides and zeros around
    check(
        (ub_layer){3, 5, {5, 5}, {2, 2}, {{2, 2}, {2, 2}}, {12, 32}, {6, 16}, .activation = LEAKY},
        STRIDED, 0);
    check((ub_layer){4,
                     19,
                     {5, 5},
                     {2, 2},
                     {{1, 2}, {1, 2}},
                     {10, 22},
                     {5, 11},
                     .activation = {UB_LINEAR, 0.0f}},
          STRIDED, 1);
    check((ub_layer){2, 8, {4, 4}, {2, 2}, {{1, 1}, {1, 1}}, {8, 24}, {4, 12}, .activation = LEAKY},
          STRIDED, 0);
    check(
        (ub_layer){
            2, 33, {3, 3}, {1, 1}, {{1, 1}, {1, 1}}, {5, 9}, {5, 9}, .activation = {UB_RELU, 0.0f}},
        STRIDED, 0);
    check(
        (ub_layer){5, 4, {5, 7}, {3, 3}, {{2, 2}, {3, 3}}, {12, 30}, {4, 10}, .activation = LEAKY},
        STRIDED, 2);
    // The first two lines see nothing but zeros
    check((ub_layer){2, 9, {3, 3}, {1, 1}, {{4, 0}, {1, 1}}, {5, 9}, {7, 9}, .activation = LEAKY},
          STRIDED, 1);
}

/// Kernels, strides and activations that are only computed directly
static void
unusual_layers_are_right(void** state)
{
    (void)state;
    const ub_activation tanh_like = {UB_TANH, 0.0f};
    const ub_activation sigmoid = {UB_SIGMOID, 0.0f};
    check((ub_layer){3, 5, {1, 1}, {2, 3}, {{0, 0}, {0, 0}}, {9, 20}, {5, 7}, .activation = LEAKY},
          STRIDED, 0);
    check(
        (ub_layer){
            3, 5, {2, 9}, {3, 2}, {{0, 1}, {4, 4}}, {9, 20}, {3, 10}, .activation = tanh_like},
        STRIDED, 1);
    check(
        (ub_layer){
            3, 4, {9, 11}, {3, 3}, {{3, 3}, {4, 4}}, {4, 10}, {12, 30}, .activation = sigmoid},
        TRANSPOSED, 1);
    check(
        (ub_layer){
            3, 2, {5, 11}, {2, 3}, {{1, 2}, {4, 4}}, {4, 10}, {8, 30}, .activation = sigmoid},
        MASK, 1);
    check(
        (ub_layer){
            2, 2, {8, 8}, {8, 8}, {{0, 0}, {0, 0}}, {3, 4}, {24, 32}, .activation = tanh_like},
        MASK, 1);
}

/// Kernels with room between their taps, whose outputs are images
static void
dilated_layers_are_right(void** state)
{
    (void)state;
    check((ub_layer){.inputs = 3,
                     .filters = 6,
                     .kernel = {3, 2},
                     .stride = {1, 1},
                     .pad = {{2, 2}, {1, 2}},
                     .in_size = {8, 17},
                     .out_size = {8, 17},
                     .activation = {UB_ELU, 0.0f},
                     .dilation = {2, 3}},
          STRIDED, 1);
    check((ub_layer){.inputs = 2,
                     .filters = 5,
                     .kernel = {2, 3},
                     .stride = {2, 2},
                     .pad = {{1, 2}, {3, 3}},
                     .in_size = {9, 17},
                     .out_size = {5, 8},
                     .activation = LEAKY,
                     .dilation = {3, 4}},
          STRIDED, 0);
}

static void
transposed_layers_are_right(void** state)
{
    (void)state;
    const ub_activation elu = {UB_ELU, 0.0f};
    check((ub_layer){6, 24, {5, 5}, {2, 2}, {{1, 2}, {1, 2}}, {6, 16}, {12, 32}, .activation = elu},
          TRANSPOSED, 3);
    check(
        (ub_layer){6, 24, {5, 5}, {2, 2}, {{2, 1}, {2, 1}}, {6, 16}, {12, 32}, .activation = LEAKY},
        TRANSPOSED, 3);
    check(
        (ub_layer){3, 7, {5, 5}, {2, 2}, {{1, 2}, {1, 2}}, {5, 11}, {10, 22}, .activation = LEAKY},
        TRANSPOSED, 0);
    check((ub_layer){3, 9, {4, 4}, {2, 2}, {{1, 1}, {1, 1}}, {5, 7}, {10, 14}, .activation = LEAKY},
          TRANSPOSED, 2);
    check(
        (ub_layer){3, 4, {5, 7}, {3, 3}, {{1, 1}, {2, 2}}, {4, 10}, {12, 30}, .activation = LEAKY},
        TRANSPOSED, 1);
}

static void
masks_are_right(void** state)
{
    (void)state;
    const ub_activation sigmoid = {UB_SIGMOID, 0.0f};
    check((ub_layer){.inputs = 1,
                     .filters = 2,
                     .kernel = {4, 4},
                     .stride = {1, 1},
                     .pad = {{3, 3}, {3, 3}},
                     .in_size = {12, 33},
                     .out_size = {12, 33},
                     .activation = sigmoid,
                     .dilation = {2, 2}},
          STRIDED_MASK, 0);
    check((ub_layer){.inputs = 5,
                     .filters = 3,
                     .kernel = {3, 5},
                     .stride = {1, 1},
                     .pad = {{0, 2}, {3, 1}},
                     .in_size = {9, 30},
                     .out_size = {9, 30},
                     .activation = LEAKY,
                     .dilation = {1, 1}},
          STRIDED_MASK, 2);
    check(
        (ub_layer){3, 2, {5, 5}, {2, 2}, {{1, 2}, {1, 2}}, {10, 22}, {5, 11}, .activation = LEAKY},
        STRIDED_MASK, 1);
    check((ub_layer){6,
                     2,
                     {5, 5},
                     {2, 2},
                     {{2, 1}, {2, 1}},
                     {6, 16},
                     {12, 32},
                     .activation = {UB_SIGMOID, 0.0f}},
          MASK, 3);
    check(
        (ub_layer){5, 1, {5, 5}, {2, 2}, {{1, 2}, {1, 2}}, {5, 11}, {10, 22}, .activation = LEAKY},
        MASK, 2);
    check((ub_layer){4,
                     2,
                     {6, 4},
                     {3, 2},
                     {{2, 1}, {1, 1}},
                     {4, 9},
                     {12, 18},
                     .activation = {UB_TANH, 0.0f}},
          MASK, 0);
}

/// Chunks are as large as fits a budget, which is not the larger the more frames there are
static void
scratch_suffices_for_fewer_frames(void** state)
{
    (void)state;
    problem p = {
        .layer =
            {96, 16, {5, 5}, {2, 2}, {{2, 1}, {2, 1}}, {64, 8}, {128, 16}, .activation = LEAKY},
        .n_out = 1};
    p.layer.transposed = true;
    p.layer.dilation[0] = p.layer.dilation[1] = 1;
    problem_open(&p, false, false);
    ub_conv* conv = ub_conv_new(&p.layer, false, true, p.weight);
    assert_non_null(conv);
    float* out = (float*)malloc(sizeof(float) * 17 * 128 * 16);
    for (uint32_t rows = 1; rows <= 128; ++rows) {
        check_rows(&p, conv, JOBS, (ub_span){128 - rows, rows}, out);
    }
    free(out);
    ub_conv_free(conv);
    problem_close(&p);
}

/// Jobs that share their input are what each is alone
static void
one_input_under_several_conditions(void** state)
{
    (void)state;
    problem p = {
        .layer = {3, 9, {5, 5}, {2, 2}, {{2, 2}, {2, 2}}, {12, 32}, {6, 16}, .activation = LEAKY},
        .n_out = 1};
    p.layer.dilation[0] = p.layer.dilation[1] = 1;
    problem_open(&p, false, false);
    const ub_layer* l = &p.layer;
    const size_t size = (size_t)l->out_size[0] * l->out_size[1] * l->filters;
    const ub_span rows = {0, l->out_size[0]};
    const float* scales[JOBS] = {p.scale, p.shift, p.scale};
    ub_conv* conv = ub_conv_new(l, false, true, p.weight);
    assert_non_null(conv);
    void* scratch = aligned_alloc(64, ub_conv_scratch(conv, JOBS, l->out_size[0]));
    ub_conv_job jobs[2 * JOBS];
    for (uint32_t i = 0; i < 2 * JOBS; ++i) {
        const ub_finish finish = {&l->activation, scales[i % JOBS], p.shift, NULL,
                                  NULL,           l->filters};
        jobs[i] =
            (ub_conv_job){.in = {{p.first[0], {0, l->in_size[0]}, l->inputs, l->inputs}},
                          .out = {{finish, (float*)calloc(size, sizeof(float)), 0, l->filters}},
                          .n_out = 1};
    }
    ub_conv_run(conv, jobs, JOBS, rows, scratch);
    for (uint32_t i = 0; i < JOBS; ++i) {
        ub_conv_run(conv, &jobs[JOBS + i], 1, rows, scratch);
        assert_memory_equal(jobs[i].out[0].out, jobs[JOBS + i].out[0].out, size * sizeof(float));
    }
    assert_memory_not_equal(jobs[0].out[0].out, jobs[1].out[0].out, size * sizeof(float));
    for (uint32_t i = 0; i < 2 * JOBS; ++i) {
        free(jobs[i].out[0].out);
    }
    free(scratch);
    ub_conv_free(conv);
    problem_close(&p);
}

static void
what_cannot_be_filtered_is_said(void** state)
{
    (void)state;
    ub_layer layer = {1, 1, {5, 5}, {2, 2}, {{2, 2}, {2, 2}}, {8, 8}, {4, 4}, .dilation = {1, 1}};
    assert_true(ub_conv_can_filter(&layer, false));
    layer.kernel[1] = 8;
    assert_false(ub_conv_can_filter(&layer, false));
    layer.kernel[1] = 3;
    layer.dilation[1] = 2;
    assert_false(ub_conv_can_filter(&layer, false));
    ub_layer up = {1, 64, {5, 5}, {2, 2}, {{2, 1}, {2, 1}}, {8, 8}, {16, 16}, .dilation = {1, 1}};
    up.transposed = true;
    assert_true(ub_conv_can_filter(&up, false));
    assert_false(ub_conv_can_filter(&up, true));
    up.filters = 2;
    assert_true(ub_conv_can_filter(&up, true));
}

/// With every number of rows, of one vector and of two
static void
products_are_right(void** state)
{
    (void)state;
    enum { DEPTH = 7, TAPS = 3, STEP = 50 };
    float a[UB_CONV_ROWS][TAPS * STEP];
    float b[TAPS * DEPTH * 32];
    uint64_t random = 3;
    for (size_t i = 0; i < UB_CONV_ROWS * TAPS * STEP; ++i) {
        a[i / (TAPS * STEP)][i % (TAPS * STEP)] = (float)ub_test_random(&random);
    }
    for (size_t i = 0; i < TAPS * DEPTH * 32; ++i) {
        b[i] = (float)ub_test_random(&random);
    }
    for (uint32_t i = 0; i < UB_CONV_ROWS + UB_CONV_WIDE; ++i) {
        float c[UB_CONV_ROWS][33];
        const bool wide = i >= UB_CONV_ROWS;
        ub_conv_product p = {.rows = 1 + (wide ? i - UB_CONV_ROWS : i),
                             .taps = TAPS,
                             .tap_step = STEP,
                             .depth = DEPTH,
                             .b = b,
                             .vectors = 1 + wide,
                             .ahead = (const char*)b,
                             .c = c[0],
                             .c_step = 33};
        const uint32_t columns = p.vectors * ub_conv_lanes();
        for (uint32_t r = 0; r < UB_CONV_ROWS; ++r) {
            p.a[r] = a[r];
            c[r][0] = GUARD;
        }
        ub_conv_multiply(&p);
        for (uint32_t r = 0; r < p.rows; ++r) {
            for (uint32_t k = 0; k < columns; ++k) {
                double sum = 0.0;
                for (uint32_t n = 0; n < TAPS * DEPTH; ++n) {
                    sum += (double)a[r][n / DEPTH * STEP + n % DEPTH] * (double)b[n * columns + k];
                }
                assert_true(fabs(sum - (double)c[r][k]) < 1e-5);
            }
        }
        assert_true(p.rows == UB_CONV_ROWS || c[p.rows][0] == GUARD);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strided_layers_are_right),
        cmocka_unit_test(transposed_layers_are_right),
        cmocka_unit_test(unusual_layers_are_right),
        cmocka_unit_test(dilated_layers_are_right),
        cmocka_unit_test(masks_are_right),
        cmocka_unit_test(scratch_suffices_for_fewer_frames),
        cmocka_unit_test(one_input_under_several_conditions),
        cmocka_unit_test(what_cannot_be_filtered_is_said),
        cmocka_unit_test(products_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
