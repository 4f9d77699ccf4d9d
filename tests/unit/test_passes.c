// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Models of several U-Nets through the engine, window after window, against the same masks
  straight from a backend that keeps nothing.  Runs in the repository's root.
*/

#include "model/engine/engine.h"
#include "model/engine/passes.h"
#include "tests/unit/make_model.h"
#include "tests/unit/run_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 4 // frames of a job, and from one job's to the next
#define JOBS  3
#define SLOTS 2

static const char* const names[] = {"two",   "own", "softmax", "softmax-own",
                                    "films", "one", "shares"};
#define NAMES (sizeof(names) / sizeof(names[0]))

// Of a job, in turns: each source alone and some of several, also one that nothing is asked of
static const float conditions[JOBS][SLOTS][UB_NET_SOURCES] = {
    {{1.0f}, {0.0f, 1.0f}},
    {{0.5f, 1.0f}, {0.0f}},
    {{1.0f, 1.0f}, {1.0f, 0.0f, 0.25f}},
};

// Frame t, [channels][bins]
static void
magnitudes(const ub_network* net, int64_t t, float* m)
{
    uint64_t state = ub_test_state((uint64_t)t, "frame");
    for (uint32_t i = 0; i < net->channels * net->bins; ++i) {
        m[i] = (float)fabs(ub_test_random(&state));
    }
}

// A job's window as the network is fed with it, [channels][frames][bins]; the stream begins at
// frame 0
static void
window(const ub_network* net, int64_t end, float* input)
{
    float* frame = malloc(net->channels * net->bins * sizeof(float));
    memset(input, 0, sizeof(float) * net->channels * net->frames * net->bins);
    for (uint32_t i = 0; i < net->frames; ++i) {
        const int64_t t = end - net->frames + 1 + (int64_t)i;
        if (t >= 0) {
            magnitudes(net, t, frame);
        }
        for (uint32_t k = 0; t >= 0 && k < net->channels * net->bins; ++k) {
            const float x = net->input_scale * frame[k];
            frame[k] = net->input_power == 0.5f ? sqrtf(x) : x;
        }
        for (uint32_t c = 0; t >= 0 && c < net->channels; ++c) {
            memcpy(input + ((size_t)c * net->frames + i) * net->bins, frame + c * net->bins,
                   net->bins * sizeof(float));
        }
    }
    free(frame);
}

// In turns as well, each of them twice
static bool
is_thorough(uint32_t turn)
{
    return turn % 4 < 2;
}

static void
submit(ub_masker* m, int64_t end, uint32_t turn)
{
    ub_job* job = m->begin(m, COUNT);
    assert_non_null(job);
    job->end = end;
    job->first = end - COUNT;
    job->budget = 1.0;
    job->expiry = INFINITY;
    job->thorough = is_thorough(turn);
    job->conditions = SLOTS;
    memset(job->condition, 0, sizeof(job->condition));
    for (uint32_t s = 0; s < SLOTS; ++s) {
        memcpy(job->condition[s], conditions[turn % JOBS][s], sizeof(conditions[0][0]));
        memset(job->which + (size_t)s * m->max_count, (int)s, COUNT);
    }
    m->submit(m, job);
}

static void
check_job(const ub_model* model, const ub_backend* backend, ub_runner* runner, const ub_job* job,
          uint32_t turn)
{
    const ub_network* net = &model->net;
    const size_t size = (size_t)net->channels * COUNT * net->bins;
    float* input = malloc(sizeof(float) * net->channels * net->frames * net->bins);
    float* masks[SLOTS] = {malloc(size * sizeof(float)), malloc(size * sizeof(float))};
    float condition[UB_TEST_CONDITIONS][UB_NET_SOURCES] = {{0.0f}};
    memcpy(condition, conditions[turn % JOBS], sizeof(conditions[0]));
    window(net, job->end, input);
    const uint32_t first = net->frames - 1 - COUNT;
    assert_true(ub_test_masks(backend, runner, model, input, is_thorough(turn), SLOTS, condition,
                              first, COUNT, masks));
    const float* got = job->mask; // [slots][count][channels][bins]
    for (uint32_t s = 0; s < SLOTS; ++s) {
        for (uint32_t i = 0; i < COUNT; ++i) {
            for (uint32_t c = 0; c < net->channels; ++c, got += net->bins) {
                assert_memory_equal(got, masks[s] + ((size_t)c * COUNT + i) * net->bins,
                                    net->bins * sizeof(float));
            }
        }
    }
    free(input);
    free(masks[0]);
    free(masks[1]);
}

static void
check_stream(const char* backend_name, const char* name)
{
    char err[256] = "";
    const ub_model* model = ub_test_open_golden(name, 7);
    assert_non_null(model);
    const ub_network* net = &model->net;
    const ub_backend* backend = ub_backend_find(backend_name, err, sizeof(err));
    ub_runner* runner = backend->create(model, err, sizeof(err));
    const ub_engine_options engine_options = {.backend = backend_name, .workers = 1};
    ub_engine* engine = ub_engine_new(&engine_options, err, sizeof(err));
    const ub_client_options options = {
        .slots = SLOTS,
        .room = {COUNT, 2, 2 * COUNT, 2 * COUNT + 2},
        .series = {{{{net->frames - 1 - COUNT, COUNT}, COUNT, true}}, 1}};
    ub_client* client = ub_client_new(engine, model, &options, err, sizeof(err));
    assert_non_null(client);
    ub_masker* m = ub_client_masker(client);
    float* frame = malloc(net->channels * net->bins * sizeof(float));
    int64_t t = 0;
    for (uint32_t turn = 0; turn < 12; ++turn) {
        for (uint32_t i = 0; i < COUNT; ++i, ++t) {
            magnitudes(net, t, frame);
            assert_true(m->frame(m, t, frame));
        }
        submit(m, t - 1, turn / 2); // the same twice, and then another
        assert_true(m->wait(m));
        ub_job* job = m->next(m);
        assert_true(job && job->ok);
        check_job(model, backend, runner, job, turn / 2);
        m->release(m, job);
    }
    free(frame);
    ub_client_free(client);
    ub_engine_free(engine);
    backend->destroy(runner);
    ub_model_unref(model);
}

static void
streams_get_the_networks_masks(void** state)
{
    const char* backend = *state;
    for (size_t i = 0; i < NAMES; ++i) {
        check_stream(backend, names[i]);
    }
}

/// What several conditions have in common is computed once
static void
passes_are_shared(void** state)
{
    (void)state;
    ub_passes passes;
    const float both[UB_NET_SOURCES] = {0.5f, 1.0f};
    const float one[UB_NET_SOURCES] = {0.0f, 1.0f};
    const float other[UB_NET_SOURCES] = {1.0f};
    const ub_model* ratio = ub_test_open_golden("two", 7);
    ub_passes_begin(&passes, &ratio->net, false);
    ub_passes_add(&passes, both);
    assert_int_equal(passes.n, 2); // a share of the sum needs all
    ub_passes_add(&passes, one);
    ub_passes_add(&passes, other);
    assert_int_equal(passes.n, 2);
    assert_int_equal(passes.conditions, 3);
    assert_int_equal(ub_passes_most(&ratio->net, 3), 2);
    const ub_model* own = ub_test_open_golden("own", 7);
    ub_passes_begin(&passes, &own->net, true);
    ub_passes_add(&passes, one);
    assert_int_equal(passes.n, 1); // the other network is not asked
    ub_passes_add(&passes, both);
    assert_int_equal(passes.n, 2);
    ub_passes_add(&passes, other);
    assert_int_equal(passes.n, 2);
    assert_int_equal(ub_passes_most(&own->net, 3), 2); // neither has a control
    const ub_model* films = ub_test_open_golden("films", 7);
    assert_int_equal(ub_passes_most(&films->net, 3), 4); // one of the two has
    const ub_model* shares = ub_test_open_golden("shares", 7);
    ub_passes_begin(&passes, &shares->net, true);
    ub_passes_add(&passes, one);
    ub_passes_add(&passes, both);
    assert_int_equal(passes.n, 6); // three networks, and each source of the one that has several
    assert_int_equal(ub_passes_most(&shares->net, 1), 6);
    assert_int_equal(ub_passes_most(&shares->net, 3), 9); // not thorough
    ub_passes_begin(&passes, &shares->net, false);
    ub_passes_add(&passes, one);
    assert_int_equal(passes.n, 1); // drums, asked of their network
    ub_model_unref(shares);
    ub_model_unref(films);
    ub_model_unref(ratio);
    ub_model_unref(own);
}

int
main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_are_shared),
        {"streams_get_the_networks_masks_native", streams_get_the_networks_masks, NULL, NULL,
         "native"},
        {"streams_get_the_networks_masks_reference", streams_get_the_networks_masks, NULL, NULL,
         "reference"},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
