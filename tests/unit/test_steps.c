// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/steps.h"
#include "tests/unit/make_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/// Three encoder and three decoder layers
static const ub_model*
open_model(void)
{
    const ub_model* model = ub_test_open_golden("simple", 1);
    assert_non_null(model);
    assert_int_equal(model->net.unet[0].encoders, 3);
    assert_int_equal(model->net.unet[0].decoders, 3);
    return model;
}

/* A version 1 network: each layer's output is its only image, skips come second */
static void
layers_are_chained(void** state)
{
    (void)state;
    const ub_model* model = open_model();
    const ub_network* net = &model->net;
    const ub_steps* s = &model->steps[0];
    assert_int_equal(s->n, 6);
    assert_int_equal(s->encoders, 3);
    assert_int_equal(s->images, 7);
    assert_int_equal(s->image[0].channels, net->channels);
    assert_int_equal(s->image[6].size[0], net->frames);
    assert_int_equal(s->image[6].size[1], net->bins);
    uint32_t numbers = 0;
    for (uint32_t i = 0; i < s->n; ++i) {
        const ub_step* step = &s->step[i];
        const bool decoder = i >= 3;
        assert_ptr_equal(step->layer,
                         decoder ? &net->unet[0].decoder[i - 3] : &net->unet[0].encoder[i]);
        assert_ptr_equal(step->tensors,
                         decoder ? &model->unet[0].decoder[i - 3] : &model->unet[0].encoder[i]);
        assert_int_equal(step->n_in, i > 3 ? 2 : 1);
        assert_int_equal(step->in[0], i);
        assert_int_equal(step->n_out, 1);
        assert_int_equal(step->out[0].image, i + 1);
        assert_int_equal(step->out[0].numbers, numbers);
        assert_false(step->out[0].after);
        numbers += 2 * step->layer->filters;
    }
    assert_int_equal(s->step[4].in[1], 2); // encoder.1's output
    assert_int_equal(s->step[5].in[1], 1);
    assert_int_equal(s->numbers, numbers);
    ub_model_unref(model);
}

/* A skip from the raw convolution is an image of its own, where a decoder takes it */
static void
raw_skips_are_images(void** state)
{
    (void)state;
    const ub_model* model = open_model();
    ub_network net = model->net;
    ub_steps s;
    for (uint32_t i = 0; i < 3; ++i) {
        net.unet[0].encoder[i].raw_skip = true;
        net.unet[0].decoder[i].activation_first = true;
    }
    ub_steps_make(&s, &net, &net.unet[0]);
    assert_int_equal(s.images, 9);
    for (uint32_t i = 0; i < 2; ++i) {
        assert_int_equal(s.step[i].n_out, 2);
        assert_true(s.step[i].out[1].skip);
        assert_int_equal(s.step[i].out[1].activation.kind, UB_LINEAR);
        assert_false(s.step[i].out[1].after);
    }
    assert_int_equal(s.step[2].n_out, 1); // no decoder takes a skip from the last
    assert_int_equal(s.step[4].in[1], s.step[1].out[1].image);
    assert_int_equal(s.step[5].in[1], s.step[0].out[1].image);
    assert_int_equal(s.step[1].in[0], s.step[0].out[0].image);
    assert_true(s.step[3].out[0].after); // normalisation after the activation
    ub_model_unref(model);
}

/// Whether output frame t of a layer depends on its input frame u
static bool
depends(const ub_layer* l, uint32_t t, uint32_t u)
{
    for (uint32_t k = 0; k < l->kernel[0]; ++k) {
        const bool met = l->transposed ? t + l->pad[0][0] == u * l->stride[0] + k
                                       : t * l->stride[0] + k * l->dilation[0] == u + l->pad[0][0];
        if (met) {
            return true;
        }
    }
    return false;
}

/// Against every pair of frames.  At an edge a span may begin between the taps of a dilated
/// kernel, or between those of two outputs.
static void
check_input(const ub_layer* l)
{
    for (uint32_t first = 0; first < l->out_size[0]; ++first) {
        for (uint32_t count = 1; first + count <= l->out_size[0]; ++count) {
            uint32_t low = UINT32_MAX;
            uint32_t high = 0;
            for (uint32_t t = first; t < first + count; ++t) {
                for (uint32_t u = 0; u < l->in_size[0]; ++u) {
                    if (depends(l, t, u)) {
                        low = u < low ? u : low;
                        high = u > high ? u : high;
                    }
                }
            }
            const ub_span in = ub_step_input(l, (ub_span){first, count});
            const uint32_t gap = l->stride[0] > l->dilation[0] ? l->stride[0] : l->dilation[0];
            const uint32_t slack = l->transposed ? 0 : gap - 1;
            if (low <= high) {
                assert_in_range(in.first, low < slack ? 0 : low - slack, low);
                assert_in_range(in.first + in.count, high + 1, high + 1 + slack);
            } else {
                assert_in_range(in.count, 0, slack);
            }
        }
    }
}

static void
inputs_are_what_outputs_depend_on(void** state)
{
    (void)state;
    for (uint32_t n = 0; n < 400; ++n) {
        const uint32_t kernel = 1 + n % 5;
        const uint32_t stride = 1 + n / 5 % 3;
        const uint32_t before = n / 15 % 3;
        const uint32_t after = n / 45 % 3;
        const uint32_t dilation = 1 + n / 135 % 3;
        ub_layer l = {.kernel = {kernel, 1},
                      .stride = {stride, 1},
                      .dilation = {dilation, 1},
                      .pad = {{before, after}, {0, 0}},
                      .in_size = {13, 1}};
        l.out_size[0] = (13 + before + after - (kernel - 1) * dilation - 1) / stride + 1;
        check_input(&l);
        l.transposed = true;
        l.dilation[0] = 1;
        l.out_size[0] = 12 * stride + kernel - before - after;
        if (kernel >= stride) {
            check_input(&l);
        }
    }
}

static bool
is_needed(const ub_span* needed, uint32_t image, uint32_t t)
{
    return t >= needed[image].first && t < needed[image].first + needed[image].count;
}

/// Whether every step's needed output has its input
static void
check_inputs(const ub_steps* s, const ub_span* needed)
{
    for (uint32_t i = 0; i < s->n; ++i) {
        const ub_step* step = &s->step[i];
        const ub_span in = ub_step_input(step->layer, ub_step_output(step, needed));
        for (uint32_t t = in.first; t < in.first + in.count; ++t) {
            for (uint32_t k = 0; k < step->n_in; ++k) {
                assert_true(is_needed(needed, step->in[k], t));
            }
        }
    }
}

/// For every frame of the mask, and for all of them
static void
check_frames(const ub_steps* s, uint32_t frames)
{
    ub_span needed[UB_MAX_IMAGES];
    for (uint32_t first = 0; first < frames; ++first) {
        ub_steps_frames(s, (ub_span){first, 1}, needed);
        assert_int_equal(needed[s->images - 1].first, first);
        assert_int_equal(needed[s->images - 1].count, 1);
        check_inputs(s, needed);
    }
    ub_steps_frames(s, (ub_span){0, frames}, needed);
    for (uint32_t i = 0; i < s->images; ++i) {
        assert_int_equal(needed[i].first, 0);
        assert_int_equal(needed[i].count, s->image[i].size[0]);
    }
}

static void
frames_are_needed_by_later_steps(void** state)
{
    (void)state;
    static const char* const names[] = {"simple", "stride3", "own", "films", "one"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        const ub_model* model = ub_test_open_golden(names[i], 1);
        assert_non_null(model);
        for (uint32_t u = 0; u < model->net.unets; ++u) {
            check_frames(&model->steps[u], model->net.frames);
        }
        ub_model_unref(model);
    }
}

/* A skip is needed from where the decoder reads it on, not as far back as the encoder's input */
static void
skips_are_needed_less(void** state)
{
    (void)state;
    const ub_model* model = ub_test_open_golden("films", 1);
    assert_non_null(model);
    const ub_steps* s = &model->steps[0];
    const uint32_t frames = model->net.frames;
    ub_span needed[UB_MAX_IMAGES];
    ub_steps_frames(s, (ub_span){frames - 2, 2}, needed);
    const ub_step* first = &s->step[0];
    const ub_step* takes_it = &s->step[s->n - 2];
    assert_true(first->n_out == 2 && first->out[1].skip);
    assert_int_equal(takes_it->in[1], first->out[1].image);
    const ub_span skip = needed[first->out[1].image];
    const ub_span before = needed[s->step[s->n - 1].in[0]]; // of the last convolution
    const ub_span read = ub_step_input(takes_it->layer, before);
    assert_int_equal(skip.first, read.first);
    assert_int_equal(skip.count, read.count);
    assert_true(skip.count < needed[first->out[0].image].count);
    ub_model_unref(model);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_chained),
        cmocka_unit_test(raw_skips_are_images),
        cmocka_unit_test(inputs_are_what_outputs_depend_on),
        cmocka_unit_test(frames_are_needed_by_later_steps),
        cmocka_unit_test(skips_are_needed_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
