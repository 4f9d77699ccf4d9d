// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What the engine runs where a model is several U-Nets, or its masks are shares of all sources'
   outputs. */

#include "model/backend/reference/reference.h"
#include "model/engine/engine.h"
#include "tests/unit/make_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SLOTS 3
#define COUNT 6
#define FIRST 3 ///< Of its frames, in the window

static uint32_t items_run[UB_MAX_UNETS]; ///< Since the count began, of each U-Net

static bool
counted_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < n; ++i) {
        ++items_run[items[i].folded->unet];
    }
    return ub_backend_reference.run(self, items, n, first, count);
}

typedef struct {
    const ub_model* model;
    ub_engine* engine;
    ub_client* client;
    ub_masker* masker;
} stream;

static ub_backend counted;

static void
stream_open(stream* s, const char* name)
{
    static const ub_backend* const backends[] = {&counted, NULL};
    char err[256] = "";
    counted = ub_backend_reference;
    counted.name = "counted";
    counted.run = counted_run;
    s->model = ub_test_open_golden(name, 5);
    assert_non_null(s->model);
    const ub_engine_options options = {.workers = 1, .backends = backends};
    s->engine = ub_engine_new(&options, err, sizeof(err));
    assert_non_null(s->engine);
    const ub_client_options wishes = {.slots = SLOTS, .room = {COUNT, 2, 2 * COUNT, 64}};
    s->client = ub_client_new(s->engine, s->model, &wishes, err, sizeof(err));
    if (!s->client) {
        fail_msg("%s", err);
    }
    s->masker = ub_client_masker(s->client);
    const ub_network* net = &s->model->net;
    float* frame = (float*)calloc((size_t)net->channels * net->bins, sizeof(float));
    for (uint32_t t = 0; t < net->frames; ++t) {
        assert_true(s->masker->frame(s->masker, t, frame));
    }
    free(frame);
    memset(items_run, 0, sizeof(items_run));
}

static void
stream_close(stream* s)
{
    ub_client_free(s->client);
    ub_engine_free(s->engine);
    ub_model_unref(s->model);
}

/// Ask for frames of each slot's own condition, and one frame without; returns the answer
static ub_job*
ask(stream* s, float condition[SLOTS][UB_NET_SOURCES])
{
    ub_job* job = s->masker->begin(s->masker, COUNT);
    assert_non_null(job);
    job->end = s->model->net.frames - 1;
    job->first = FIRST;
    job->budget = 1.0;
    job->expiry = INFINITY;
    job->conditions = SLOTS;
    memcpy(job->condition, condition, SLOTS * sizeof(*condition));
    for (uint32_t k = 0; k < SLOTS; ++k) {
        for (uint32_t i = 0; i < COUNT; ++i) {
            job->which[k * COUNT + i] = (uint8_t)(i == 1 ? UB_UNMASKED : (i + k) % SLOTS);
        }
    }
    s->masker->submit(s->masker, job);
    assert_true(s->masker->wait(s->masker));
    job = s->masker->next(s->masker);
    assert_non_null(job);
    assert_true(job->ok);
    return job;
}

/// Passes through each of two U-Nets for three slots' conditions
static void
check_passes(const char* model, float condition[SLOTS][UB_NET_SOURCES], uint32_t first,
             uint32_t second)
{
    stream s;
    stream_open(&s, model);
    s.masker->release(s.masker, ask(&s, condition));
    assert_int_equal(items_run[0], first);
    assert_int_equal(items_run[1], second);
    stream_close(&s);
}

/* A source costs its own U-Net, several at once no more, unless as much of each is not asked for;
   where masks are shares, all cost once */
static void
only_what_is_asked_for_runs(void** state)
{
    (void)state;
    float first[SLOTS][UB_NET_SOURCES] = {{1.0f}, {1.0f}, {0.5f}};
    float second[SLOTS][UB_NET_SOURCES] = {{0.0f, 1.0f}, {0.0f, 0.0f, 1.0f}, {0.0f, 1.0f}};
    float both[SLOTS][UB_NET_SOURCES] = {
        {0.0f, 1.0f, 1.0f}, {1.0f, 0.25f, 0.25f}, {0.0f, 0.25f, 0.5f}};
    check_passes("own", first, 1, 0);
    check_passes("own", second, 0, 1);
    check_passes("films", first, 1, 0);
    check_passes("films", second, 0, 2);
    check_passes("films", both, 1, 2);
    check_passes("two", first, 1, 1);
    check_passes("two", second, 1, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_asked_for_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
