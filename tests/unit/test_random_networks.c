// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Networks of any shape that a weights file may describe, drawn by chance: the processor's masks
  against the reference backend's, some frames alone against the whole, and windows of a stream
  with what the last ones have left against windows without, bit by bit.
*/

#include "model/backend/backend.h"
#include "tests/unit/make_model.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NETWORKS 60
#define LAYERS   4

static uint64_t state;

static uint32_t
draw(uint32_t least, uint32_t most)
{
    const double u = 0.5 + 0.5 * ub_test_random(&state);
    const uint32_t n = least + (uint32_t)(u * (most - least + 1));
    return n < most ? n : most;
}

static json_t*
draw_activation(void)
{
    static const char* const kinds[] = {"relu", "elu", "tanh", "linear", "sigmoid", "leaky_relu"};
    const uint32_t kind = draw(0, 5);
    return kind < 5 ? json_pack("{s:s}", "kind", kinds[kind])
                    : json_pack("{s:s, s:f}", "kind", kinds[kind], "slope", 0.2);
}

static json_t*
draw_norm(void)
{
    return draw(0, 1) ? json_pack("{s:f}", "eps", 1e-3) : json_null();
}

static const char*
draw_order(void)
{
    return draw(0, 1) ? "norm_first" : "activation_first";
}

/** The size of an image, and the stride that it came by. */
typedef struct {
    uint32_t size[2];
    uint32_t stride[2];
} shape;

/// An encoder layer; false if nothing would be left of the image
static bool
add_encoder(json_t* layers, const shape* in, shape* out, bool raw_skip)
{
    uint32_t kernel[2];
    uint32_t pad[2][2];
    for (int axis = 0; axis < 2; ++axis) {
        kernel[axis] = draw(1, axis ? 7 : 6);
        out->stride[axis] = axis ? draw(1, 3) : draw(1, 2);
        pad[axis][0] = draw(0, 3);
        pad[axis][1] = draw(0, 3);
        const uint32_t padded = in->size[axis] + pad[axis][0] + pad[axis][1];
        if (padded < kernel[axis]) {
            return false;
        }
        out->size[axis] = (padded - kernel[axis]) / out->stride[axis] + 1;
    }
    json_t* layer = json_pack(
        "{s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:o, s:s, s:s, s:b, s:s, s:o}", "filters",
        (int)draw(1, 33), "kernel", (int)kernel[0], (int)kernel[1], "stride", (int)out->stride[0],
        (int)out->stride[1], "pad", (int)pad[0][0], (int)pad[0][1], (int)pad[1][0], (int)pad[1][1],
        "norm", draw_norm(), "film", "none", "order", draw_order(), "raw_skip", (int)raw_skip,
        "skip_film", "none", "activation", draw_activation());
    json_array_append_new(layers, layer);
    return true;
}

/// A transposed layer from images of a size to those of the encoder layer before
static void
add_decoder(json_t* layers, const shape* in, const shape* out, int skip, uint32_t filters)
{
    uint32_t kernel[2];
    uint32_t crop[2][2];
    for (int axis = 0; axis < 2; ++axis) {
        const uint32_t s = in->stride[axis];
        const uint32_t most = (in->size[axis] - 1) * s;
        kernel[axis] = draw(s, 7);
        if (most + kernel[axis] < out->size[axis]) {
            kernel[axis] = out->size[axis] - most;
        }
        const uint32_t all = most + kernel[axis] - out->size[axis];
        crop[axis][0] = draw(0, all);
        crop[axis][1] = all - crop[axis][0];
    }
    json_t* layer =
        json_pack("{s:s, s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:o, s:o, s:s, s:s, s:o}", "kind",
                  "transposed", "filters", (int)filters, "kernel", (int)kernel[0], (int)kernel[1],
                  "stride", (int)in->stride[0], (int)in->stride[1], "crop", (int)crop[0][0],
                  (int)crop[0][1], (int)crop[1][0], (int)crop[1][1], "skip",
                  skip < 0 ? json_null() : json_integer(skip), "norm", draw_norm(), "film", "none",
                  "order", draw_order(), "activation", draw_activation());
    json_array_append_new(layers, layer);
}

/// A last convolution, which may be dilated
static void
add_last(json_t* layers, uint32_t filters)
{
    int k[2];
    int d[2];
    int before[2];
    for (int axis = 0; axis < 2; ++axis) {
        k[axis] = (int)draw(1, 5);
        d[axis] = (int)draw(1, 3);
        before[axis] = (int)draw(0, (uint32_t)((k[axis] - 1) * d[axis]));
    }
    json_t* layer = json_pack(
        "{s:s, s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:n, s:o, s:s, s:s, s:o}", "kind", "conv",
        "filters", (int)filters, "kernel", k[0], k[1], "dilation", d[0], d[1], "pad", before[0],
        (k[0] - 1) * d[0] - before[0], before[1], (k[1] - 1) * d[1] - before[1], "skip", "norm",
        draw_norm(), "film", "none", "order", draw_order(), "activation", draw_activation());
    json_array_append_new(layers, layer);
}

static json_t*
draw_network(uint32_t frames, uint32_t bins, uint32_t channels)
{
    shape at[LAYERS + 1] = {{{frames, bins}, {1, 1}}};
    bool skip[LAYERS] = {false}; // of each encoder layer, which the decoder takes
    json_t* encoder = json_array();
    json_t* decoder = json_array();
    const uint32_t n = draw(1, LAYERS);
    for (uint32_t i = 0; i < n; ++i) {
        skip[i] = i + 1 < n && draw(0, 3);
        while (!add_encoder(encoder, &at[i], &at[i + 1], skip[i] && draw(0, 1))) {}
    }
    const bool last = draw(0, 1);
    for (uint32_t i = n; i-- > 0;) {
        add_decoder(decoder, &at[i + 1], &at[i], skip[i] ? (int)i : -1,
                    i ? draw(1, 20) : (last ? draw(1, 4) : channels));
    }
    if (last) {
        add_last(decoder, channels);
    }
    return json_pack("{s:[s], s:n, s:o, s:o}", "sources", "all", "control", "encoder", encoder,
                     "decoder", decoder);
}

static const ub_model*
draw_model(void)
{
    char path[UB_TEST_PATH_SIZE] = "/tmp/unbraid-test-XXXXXX";
    char err[256] = "";
    const uint32_t frames = 16 * draw(1, 3);
    const uint32_t bins = draw(7, 64);
    const uint32_t channels = draw(1, 2);
    json_t* root = json_pack(
        "{s:[s], s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:f, s:{s:f, s:f}, s:n, s:{s:b, s:n}, "
        "s:[o]}",
        "sources", "all", "stft", "sample_rate", 44100, "channels", (int)channels, "window", 256,
        "hop", 64, "frames", (int)frames, "first_bin", 0, "bins", (int)bins, "dropped_mask", 0.0,
        "input", "scale", 1.0, "power", 1.0, "level", "mask", "softmax", 0, "ratio", "networks",
        draw_network(frames, bins, channels));
    char* description = json_dumps(root, JSON_COMPACT);
    const int fd = mkstemp(path);
    assert_true(fd >= 0 && !close(fd) && description);
    assert_true(ub_test_write_network(path, description, 3));
    const ub_model* model = ub_model_open(path, err, sizeof(err));
    unlink(path);
    if (!model) {
        fail_msg("%s: %s", err, description);
    }
    free(description);
    json_decref(root);
    return model;
}

/** A network in both backends. */
typedef struct {
    const ub_model* model;
    const ub_backend* backend[2]; ///< The reference, and the processor's
    ub_runner* runner[2];
    ub_folded* folded;
    size_t size;
    float* input;
    float* mask[2];
} pair;

static void
run(const pair* p, int which, float* mask, uint32_t first, uint32_t count, ub_trail* trail,
    int64_t start)
{
    const ub_item item = {
        .input = p->input, .folded = p->folded, .mask = mask, .trail = trail, .start = start};
    assert_true(p->backend[which]->run(p->runner[which], &item, 1, first, count));
}

/// The window that begins at that frame of a stream
static void
set_window(const pair* p, int64_t start)
{
    const ub_network* net = &p->model->net;
    for (uint32_t t = 0; t < net->frames; ++t) {
        uint64_t random = (uint64_t)(start + t) * 0x9E3779B97F4A7C15U;
        for (uint32_t i = 0; i < net->channels * net->bins; ++i) {
            const size_t row = (size_t)(i / net->bins) * net->frames + t;
            p->input[row * net->bins + i % net->bins] = (float)fabs(ub_test_random(&random));
        }
    }
}

static void
check_whole(const pair* p)
{
    const uint32_t frames = p->model->net.frames;
    run(p, 0, p->mask[0], 0, frames, NULL, 0);
    run(p, 1, p->mask[1], 0, frames, NULL, 0);
    for (size_t i = 0; i < p->size; ++i) {
        const double expected = (double)p->mask[0][i];
        assert_true(fabs(expected - (double)p->mask[1][i]) < 1e-4 * (1.0 + fabs(expected)));
    }
}

static void
check_part(const pair* p, uint32_t first, uint32_t count)
{
    const ub_network* net = &p->model->net;
    const size_t row = (size_t)count * net->bins;
    run(p, 1, p->mask[0], first, count, NULL, 0);
    for (uint32_t c = 0; c < net->channels; ++c) {
        const float* whole = p->mask[1] + ((size_t)c * net->frames + first) * net->bins;
        assert_memory_equal(p->mask[0] + c * row, whole, row * sizeof(float));
    }
}

static void
check_stream(const pair* p, uint32_t step)
{
    const ub_network* net = &p->model->net;
    ub_trail* trail = p->backend[1]->trail_new(p->model, step, 1);
    for (uint32_t i = 0; trail && i < 8; ++i) {
        const uint32_t first = i % 3 ? net->frames - step : draw(0, net->frames - step);
        set_window(p, (int64_t)step * i);
        run(p, 1, p->mask[0], first, step, trail, (int64_t)step * i);
        run(p, 1, p->mask[1], first, step, NULL, 0);
        assert_memory_equal(p->mask[0], p->mask[1],
                            (size_t)net->channels * step * net->bins * sizeof(float));
    }
    p->backend[1]->trail_free(trail);
}

static void
check_network(uint64_t seed)
{
    static const char* const names[] = {"reference", "native"};
    const float condition[UB_NET_SOURCES] = {1.0f};
    char err[256] = "";
    state = ub_test_state(seed, "network");
    pair p = {.model = draw_model()};
    const ub_network* net = &p.model->net;
    p.size = (size_t)net->channels * net->frames * net->bins;
    p.input = (float*)malloc(p.size * sizeof(float));
    p.folded = ub_folded_new(p.model);
    ub_fold(p.model, 0, condition, p.folded);
    for (int k = 0; k < 2; ++k) {
        p.mask[k] = (float*)malloc(p.size * sizeof(float));
        p.backend[k] = ub_backend_find(names[k], err, sizeof(err));
        p.runner[k] = p.backend[k]->create(p.model, err, sizeof(err));
        assert_non_null(p.runner[k]);
    }
    set_window(&p, 0);
    check_whole(&p);
    for (uint32_t i = 0; i < 4; ++i) {
        const uint32_t first = draw(0, net->frames - 1);
        check_part(&p, first, draw(1, net->frames - first));
    }
    for (uint32_t step = 1; step <= 4; ++step) {
        check_stream(&p, step);
    }
    for (int k = 0; k < 2; ++k) {
        p.backend[k]->destroy(p.runner[k]);
        free(p.mask[k]);
    }
    ub_folded_free(p.folded);
    free(p.input);
    ub_model_unref(p.model);
}

static void
networks_of_any_shape_are_right(void** unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= NETWORKS; ++seed) {
        check_network(seed);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(networks_of_any_shape_are_right)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
