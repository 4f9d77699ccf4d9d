// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Windows of a stream with a trail against the same windows without: the same
  numbers, bit by bit.  Runs in the repository's root.
*/

#include "model/backend/backend.h"
#include "model/network/reuse.h"
#include "tests/unit/make_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_ITEMS 10

/** A stream, and what runs it. */
typedef struct {
    const ub_backend* backend;
    const ub_model* model;
    ub_runner* runner;
    ub_trail* trail;
    size_t size; ///< Values of a window
    float* input;
    float* with[MAX_ITEMS]; ///< Masks
    float* without;
    ub_folded* folded[MAX_ITEMS];
} stream;

static const ub_model*
golden_model(const char* name)
{
    const ub_model* model = ub_test_open_golden(name, 7);
    assert_non_null(model);
    return model;
}

static const ub_model*
regular_model(const ub_test_model_options* options)
{
    const ub_model* model = ub_test_open_model(options);
    assert_non_null(model);
    return model;
}

static void
set_condition(const stream* s, uint32_t item, uint32_t source, float value)
{
    float condition[UB_NET_SOURCES] = {0.0f};
    // Of a model of several U-Nets, items are of each of them in turns
    const uint32_t unet = item % s->model->net.unets;
    condition[s->model->net.unet[unet].source[source % s->model->net.unet[unet].sources]] = value;
    ub_fold(s->model, unet, condition, s->folded[item]);
}

static void
stream_open(stream* s, const ub_backend* backend, const ub_model* model)
{
    char err[256] = "";
    const ub_network* net = &model->net;
    memset(s, 0, sizeof(*s));
    s->backend = backend;
    s->model = model;
    s->runner = backend->create(model, err, sizeof(err));
    assert_non_null(s->runner);
    s->size = (size_t)net->channels * net->frames * net->bins;
    s->input = (float*)malloc(s->size * sizeof(float));
    s->without = (float*)malloc(s->size * sizeof(float));
    for (uint32_t i = 0; i < MAX_ITEMS; ++i) {
        s->with[i] = (float*)malloc(s->size * sizeof(float));
        s->folded[i] = ub_folded_new(model);
        set_condition(s, i, i, 1.0f);
    }
}

static void
stream_close(stream* s)
{
    s->backend->destroy(s->runner);
    free(s->input);
    free(s->without);
    for (uint32_t i = 0; i < MAX_ITEMS; ++i) {
        free(s->with[i]);
        ub_folded_free(s->folded[i]);
    }
}

/// The window that begins at that frame: a frame of one number is always the same
static void
set_window(const stream* s, int64_t start)
{
    const ub_network* net = &s->model->net;
    for (uint32_t t = 0; t < net->frames; ++t) {
        uint64_t random = (uint64_t)(start + t) * 0x9E3779B97F4A7C15U;
        for (uint32_t c = 0; c < net->channels; ++c) {
            for (uint32_t b = 0; b < net->bins; ++b) {
                const double u = ub_test_random(&random);
                s->input[((size_t)c * net->frames + t) * net->bins + b] = (float)(2.0 * u * u);
            }
        }
    }
}

static void
list_items(const stream* s, int64_t start, uint32_t n, ub_item* items)
{
    for (uint32_t i = 0; i < n; ++i) {
        items[i] = (ub_item){s->input, s->folded[i], s->with[i], s->trail, start, false};
    }
}

static void
run_with(const stream* s, int64_t start, uint32_t n, uint32_t first, uint32_t count)
{
    ub_item items[MAX_ITEMS];
    list_items(s, start, n, items);
    assert_true(s->backend->run(s->runner, items, n, first, count));
}

/// Whether item i's mask is what it is without a trail
static bool
is_right(const stream* s, uint32_t i, uint32_t first, uint32_t count)
{
    const ub_network* net = &s->model->net;
    const ub_item item = {.input = s->input, .folded = s->folded[i], .mask = s->without};
    assert_true(s->backend->run(s->runner, &item, 1, first, count));
    const size_t size = (size_t)net->channels * count * net->bins;
    return !memcmp(s->with[i], s->without, size * sizeof(float));
}

static void
check_window(const stream* s, int64_t start, uint32_t n, uint32_t first, uint32_t count)
{
    set_window(s, start);
    run_with(s, start, n, first, count);
    for (uint32_t i = 0; i < n; ++i) {
        if (!is_right(s, i, first, count)) {
            fail_msg("window at %lld, item %u: not what it is without a trail", (long long)start,
                     i);
        }
    }
}

/// Whether rows really come from the trail: frames that are not what they were are
/// then seen only by what is computed anew
static bool
takes_rows(const stream* s, int64_t start, uint32_t first, uint32_t count)
{
    set_window(s, start);
    for (size_t i = 0; i < s->size; ++i) {
        s->input[i] += 1.0f;
    }
    run_with(s, start, 1, first, count);
    return !is_right(s, 0, first, count);
}

static void
check_steps(const ub_backend* backend, const ub_model* model, uint32_t from, uint32_t to,
            uint32_t windows)
{
    const uint32_t frames = model->net.frames;
    stream s;
    stream_open(&s, backend, model);
    for (uint32_t step = from; step <= to; ++step) {
        s.trail = backend->trail_new(model, step, 1);
        const uint32_t first = frames - step - 1;
        int64_t start = -3 * (int64_t)step; // numbers below 0 are as good as others
        for (uint32_t i = 0; i < windows; ++i, start += step) {
            check_window(&s, start, 1, first, step);
        }
        assert_true(s.trail || step > from); // small networks have nothing for long steps
        if (s.trail) {
            if (!takes_rows(&s, start, first, step)) {
                fail_msg("step %u: nothing is taken", step);
            }
            backend->trail_free(s.trail);
        }
    }
    stream_close(&s);
}

typedef void (*check)(const ub_backend* backend, const ub_model* model);

/// All backends that have trails
static void
for_backends(const ub_model* model, check run)
{
    uint32_t n = 0;
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        if ((*b)->available() && (*b)->trail_new) {
            run(*b, model);
            ++n;
        }
    }
    assert_true(n);
    ub_model_unref(model);
}

static void
check_all_steps(const ub_backend* backend, const ub_model* model)
{
    check_steps(backend, model, 1, 8, 12);
}

static void
check_long_steps(const ub_backend* backend, const ub_model* model)
{
    check_steps(backend, model, 1, 9, 20);
    check_steps(backend, model, 15, 17, 20);
}

static void
check_large(const ub_backend* backend, const ub_model* model)
{
    check_steps(backend, model, 4, 4, 6);
}

static void
windows_are_the_same(void** state)
{
    (void)state;
    const char* const names[] = {"simple", "decoder", "both",    "plain",
                                 "keras",  "kernel4", "stride3", "mono"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        for_backends(golden_model(names[i]), check_all_steps);
    }
    const ub_test_model_options deep = {.frames = 64, .depth = 4, .window = 128, .filters = 6};
    for_backends(regular_model(&deep), check_long_steps);
}

static void
large_windows_are_the_same(void** state)
{
    (void)state;
    const ub_test_model_options large = {.window = 2048, .frames = 128, .filters = 24, .depth = 6};
    for_backends(regular_model(&large), check_large);
}

static const ub_model*
deep_model(bool no_film)
{
    const ub_test_model_options options = {
        .frames = 32, .depth = 3, .window = 128, .filters = 6, .no_film = no_film};
    return regular_model(&options);
}

/// Windows left out, doubled, out of order, after a jump; and masks of other frames
static void
check_disorder(const ub_backend* backend, const ub_model* model)
{
    static const int64_t jumps[] = {0, 1, 1, 1, 2, -1, 3, -5, 1000000, -2000000, 7};
    stream s;
    stream_open(&s, backend, model);
    s.trail = backend->trail_new(model, 4, 1);
    uint64_t random = 3;
    int64_t start = 0;
    for (uint32_t i = 0; i < 150; ++i) {
        const double u = 0.5 + 0.5 * ub_test_random(&random);
        // Mostly the next window; sometimes another, which may begin between two
        const uint32_t which = (uint32_t)(u * 30.0);
        start += which < 11 ? jumps[which] * (which % 3 ? 4 : 1) : 4;
        const uint32_t first = i % 5 ? model->net.frames - 5 : i % model->net.frames;
        check_window(&s, start, 1, first, 4 < 32 - first ? 4 : 32 - first);
    }
    backend->trail_free(s.trail);
    stream_close(&s);
}

static void
any_order_is_right(void** state)
{
    (void)state;
    for_backends(deep_model(false), check_disorder);
}

/// Conditions come and go, more of them than the trail has room for
static void
check_conditions(const ub_backend* backend, const ub_model* model)
{
    for (uint32_t room = 1; room <= 4; ++room) {
        stream s;
        stream_open(&s, backend, model);
        s.trail = backend->trail_new(model, 4, room);
        for (uint32_t i = 0; i < 40; ++i) {
            if (i % 7 == 6) {
                set_condition(&s, i % 3, i, 0.5f + 0.01f * (float)i);
            }
            if (i % 11 == 10) {
                set_condition(&s, 0, i % 4, 1.0f); // as another item's, or an earlier one
            }
            check_window(&s, 4 * (int64_t)i, 1 + i / 3 % MAX_ITEMS, model->net.frames - 6, 4);
        }
        backend->trail_free(s.trail);
        stream_close(&s);
    }
}

static void
conditions_are_kept_apart(void** state)
{
    (void)state;
    for_backends(deep_model(false), check_conditions);
    for_backends(deep_model(true), check_conditions);
}

/// Items of several U-Nets, with room for all of them and for fewer
static void
check_networks(const ub_backend* backend, const ub_model* model)
{
    for (uint32_t step = 1; step <= 4; ++step) {
        for (uint32_t room = 2; room <= 4; room += 2) {
            stream s;
            stream_open(&s, backend, model);
            s.trail = backend->trail_new(model, step, room);
            assert_non_null(s.trail);
            for (uint32_t i = 0; i < 16; ++i) {
                check_window(&s, (int64_t)step * i, 4, model->net.frames - step - 1, step);
            }
            if (room == 4) {
                assert_true(takes_rows(&s, 16 * (int64_t)step, model->net.frames - step - 1, step));
            }
            backend->trail_free(s.trail);
            stream_close(&s);
        }
    }
}

static void
networks_are_kept_apart(void** state)
{
    (void)state;
    for_backends(golden_model("two"), check_networks);
    for_backends(golden_model("own"), check_networks);
    for_backends(golden_model("films"), check_networks);
    for_backends(golden_model("deep"), check_networks);
}

/// Two runners share a stream's windows as two workers do
static void
check_turns(const ub_backend* backend, const ub_model* model)
{
    stream s[2];
    stream_open(&s[0], backend, model);
    stream_open(&s[1], backend, model);
    s[0].trail = s[1].trail = backend->trail_new(model, 4, 2);
    for (uint32_t i = 0; i < 24; ++i) {
        check_window(&s[i / 3 % 2], 4 * (int64_t)i, 1, model->net.frames - 5, 4);
    }
    assert_true(takes_rows(&s[0], 96, model->net.frames - 5, 4));
    backend->trail_free(s[0].trail);
    stream_close(&s[0]);
    stream_close(&s[1]);
}

static void
runners_take_turns(void** state)
{
    (void)state;
    for_backends(deep_model(false), check_turns);
}

/// Two runners at one stream's windows in turns: each begins while the other has yet to finish
static void
check_halves(const ub_backend* backend, const ub_model* model)
{
    const uint32_t first = model->net.frames - 5;
    for (uint32_t n = 1; n <= MAX_ITEMS; ++n) { // more than go together at the end
        stream s[2];
        ub_item items[2][MAX_ITEMS];
        stream_open(&s[0], backend, model);
        stream_open(&s[1], backend, model);
        s[0].trail = backend->trail_new(model, 4, MAX_ITEMS);
        s[1].trail = s[0].trail;
        for (uint32_t w = 0; w < 12; ++w) {
            const stream* now = &s[w % 2];
            set_window(now, 4 * (int64_t)w);
            list_items(now, 4 * (int64_t)w, n, items[w % 2]);
            assert_true(backend->begin(now->runner, items[w % 2], n, first, 4));
            const stream* before = &s[1 - w % 2];
            for (uint32_t i = 0; w && i < n; ++i) {
                assert_true(i || backend->finish(before->runner));
                assert_true(is_right(before, i, first, 4));
            }
        }
        assert_true(backend->finish(s[1].runner));
        assert_true(takes_rows(&s[0], 4 * 12, first, 4)); // which the other left
        backend->trail_free(s[0].trail);
        stream_close(&s[0]);
        stream_close(&s[1]);
    }
}

static void
halves_are_the_whole(void** state)
{
    (void)state;
    for_backends(deep_model(false), check_halves);
    for_backends(deep_model(true), check_halves);
    for_backends(golden_model("own"), check_halves);
    for_backends(golden_model("films"), check_halves);
}

/// The memory of the default model's live stream
static void
memory_is_small(void** state)
{
    (void)state;
    ub_reuse reuse;
    const ub_test_model_options options = {
        .window = 2048, .frames = 128, .filters = 16, .depth = 6};
    const ub_model* model = regular_model(&options);
    assert_true(ub_reuse_choose(&reuse, &model->steps[0], 4));
    assert_in_range(reuse.size, 1, 2 << 20);
    assert_false(ub_reuse_choose(&reuse, &model->steps[0], 128));
    assert_false(ub_reuse_choose(&reuse, &model->steps[0], 0));
    ub_model_unref(model);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_the_same),    cmocka_unit_test(large_windows_are_the_same),
        cmocka_unit_test(any_order_is_right),      cmocka_unit_test(conditions_are_kept_apart),
        cmocka_unit_test(networks_are_kept_apart), cmocka_unit_test(runners_take_turns),
        cmocka_unit_test(halves_are_the_whole),    cmocka_unit_test(memory_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
