// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Where convolutions for a GPU read and write when they put their outputs straight into images,
   against the way through the raw buffer, which golden tests check. */

#include "model/cuda/direct.h"
#include "model/cuda/finish.h"
#include "model/backend/cuda/program.h"

#include "model/file/environment.h"
#include "tests/unit/make_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The convolution and the place in its output from which a point comes by the raw buffer */
static uint32_t
raw_source(const ub_cuda_layer* layer, uint32_t frame, uint32_t bin, uint32_t place[2])
{
    const ub_cuda_point p = {0, frame, bin, 0};
    const size_t at = ub_cuda_raw_at(layer, p, 1);
    uint32_t k = 0;
    while (k + 1 < layer->n_convs && layer->conv[k + 1].raw <= at) {
        ++k;
    }
    const ub_cuda_conv* conv = &layer->conv[k];
    const size_t pixel = (at - conv->raw) / conv->filters;
    place[0] = (uint32_t)(pixel / conv->out_size[1]);
    place[1] = (uint32_t)(pixel % conv->out_size[1]);
    return k;
}

/* Output q of an axis reads the same inputs in both ways, zeros left out */
static void
check_axis(const ub_cuda_conv* conv, const ub_cuda_direct* d, int axis, uint32_t place, uint32_t q)
{
    const int64_t first = axis ? 0 : conv->in_first;
    const int64_t raw = first + (int64_t)place * conv->stride[axis] - conv->pad[axis];
    const int64_t direct =
        (int64_t)d->in_first[axis] + (int64_t)q * conv->stride[axis] - d->pad[axis][0];
    assert_int_equal(direct, raw);
    // What it reads of the input, and no more zeros than there are taps
    for (uint32_t tap = 0; tap < conv->kernel[axis]; ++tap) {
        const int64_t at = raw + tap;
        const bool inside = at >= first && at < first + conv->in_size[axis];
        const bool read =
            at >= d->in_first[axis] && at < (int64_t)d->in_first[axis] + d->in_size[axis];
        assert_int_equal(read, inside);
    }
}

static void
check_layer(const ub_cuda_layer* layer)
{
    uint32_t* seen = calloc((size_t)layer->count * layer->bins, sizeof(uint32_t));
    for (uint32_t k = 0; k < layer->n_convs; ++k) {
        const ub_cuda_conv* conv = &layer->conv[k];
        const ub_cuda_direct d = ub_cuda_direct_of(layer, k);
        for (int axis = 0; axis < 2; ++axis) { // cuDNN's own rule of sizes
            assert_int_equal(
                (d.in_size[axis] + d.pad[axis][0] + d.pad[axis][1] - conv->kernel[axis]) /
                        conv->stride[axis] +
                    1,
                d.out_size[axis]);
        }
        for (uint32_t i = 0; i < d.out_size[0] * d.out_size[1]; ++i) {
            const uint32_t q[2] = {i / d.out_size[1], i % d.out_size[1]};
            const uint32_t frame = d.out_first[0] + q[0] * d.out_step[0] - layer->first;
            const uint32_t bin = d.out_first[1] + q[1] * d.out_step[1];
            uint32_t place[2];
            assert_in_range(frame, 0, layer->count - 1);
            assert_in_range(bin, 0, layer->bins - 1);
            assert_int_equal(raw_source(layer, frame, bin, place), k);
            check_axis(conv, &d, 0, place[0], q[0]);
            check_axis(conv, &d, 1, place[1], q[1]);
            ++seen[frame * layer->bins + bin];
        }
    }
    for (uint32_t i = 0; i < layer->count * layer->bins; ++i) {
        assert_int_equal(seen[i], 1);
    }
    free(seen);
}

/* All layers that can be, of programs for some frames; returns how many they are */
static uint32_t
check_program(const ub_model* model, uint32_t first, uint32_t count)
{
    uint32_t n = 0;
    ub_cuda_program* program = ub_cuda_program_new(&model->steps[0], (ub_span){first, count});
    assert_non_null(program);
    for (uint32_t i = 0; i < program->layers; ++i) {
        if (ub_cuda_is_direct(program, i)) {
            check_layer(&program->layer[i]);
            ++n;
        }
    }
    free(program);
    return n;
}

/* How transposed convolutions are done; NULL for the best way */
static void
set_up(const char* way)
{
    if (way) {
        setenv("UNBRAID_CUDA_UP", way, 1);
    } else {
        unsetenv("UNBRAID_CUDA_UP");
    }
    ub_environment_read();
}

static void
check_model(const ub_model* model, uint32_t direct)
{
    assert_non_null(model);
    const uint32_t frames = model->net.frames;
    set_up("phases");
    assert_int_equal(check_program(model, 0, frames), direct);
    for (uint32_t first = 0; first < frames; first += 3) {
        check_program(model, first, frames - first);
        check_program(model, first, 1);
    }
    set_up(NULL);
    ub_model_unref(model);
}

static void
test_direct_is_as_by_the_raw_buffer(void** state)
{
    (void)state;
    const ub_test_model_options options = {.filters = 8, .depth = 3};
    // All but the last, whose output is the mask
    check_model(ub_test_open_model(&options), 5);
}

/* With uneven zeros, other strides and kernels, and channels that fill no lane */
static void
test_other_shapes(void** state)
{
    (void)state;
    static const char* const names[] = {"keras", "kernel4", "stride3", "conv", "mono"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        const ub_model* model = ub_test_open_golden(names[i], 1);
        assert_non_null(model);
        set_up("phases");
        check_program(model, 0, model->net.frames);
        check_program(model, model->net.frames / 2 - 1, 3);
        set_up(NULL);
        ub_model_unref(model);
    }
}

/* Gradients, and several phases by one convolution, are not direct */
static void
test_not_direct(void** state)
{
    (void)state;
    static const char* const ways[] = {"gradient", "grouped"};
    const ub_test_model_options options = {.filters = 8, .depth = 3};
    for (int i = 0; i < 2; ++i) {
        const ub_model* model = ub_test_open_model(&options);
        set_up(ways[i]);
        assert_int_equal(check_program(model, 0, model->net.frames), 3); // the encoder's
        set_up(NULL);
        ub_model_unref(model);
    }
}

/* Frames that see nothing but zeros, of which convolutions must have some input all the same */
static void
test_nothing_but_zeros(void** state)
{
    (void)state;
    static const char description[] =
        "{\"sources\": [\"a\"], \"stft\": {\"sample_rate\": 44100, \"channels\": 1, "
        "\"window\": 32, \"hop\": 8, \"frames\": 16, \"first_bin\": 0, \"bins\": 16}, "
        "\"dropped_mask\": 0.0, \"input\": {\"scale\": 1.0, \"power\": 1.0}, \"control\": null, "
        "\"encoder\": [{\"filters\": 8, \"kernel\": [1, 2], \"stride\": [2, 2], "
        "\"pad\": [[0, 3], [0, 0]], \"norm\": null, \"film\": \"none\", "
        "\"activation\": {\"kind\": \"relu\"}}], "
        "\"decoder\": [{\"filters\": 1, \"kernel\": [2, 2], \"stride\": [2, 2], "
        "\"crop\": [[4, 0], [0, 0]], \"skip\": null, \"norm\": null, \"film\": \"none\", "
        "\"activation\": {\"kind\": \"sigmoid\"}}]}";
    char err[256] = "";
    ub_network net;
    ub_steps steps;
    if (!ub_network_parse(&net, description, strlen(description), err, sizeof(err))) {
        fail_msg("%s", err);
    }
    ub_steps_make(&steps, &net, &net.unet[0]);
    // The last frame's only input is the encoder's tenth frame, which begins after the window
    ub_cuda_program* program = ub_cuda_program_new(&steps, (ub_span){15, 1});
    assert_non_null(program);
    for (uint32_t i = 0; i < program->layers; ++i) {
        const ub_cuda_conv* conv = &program->layer[i].conv[0];
        assert_in_range(conv->in_size[0], 1, program->image[i].frames);
        assert_in_range(conv->in_first + conv->in_size[0], 1, program->image[i].frames);
    }
    free(program);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_direct_is_as_by_the_raw_buffer),
        cmocka_unit_test(test_other_shapes),
        cmocka_unit_test(test_not_direct),
        cmocka_unit_test(test_nothing_but_zeros),
    };
    return cmocka_run_group_tests_name("cuda_program", tests, NULL, NULL);
}
