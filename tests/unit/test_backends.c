// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/backend.h"
#include "tests/unit/make_model.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 20

static void
names_find_backends(void** state)
{
    (void)state;
    char err[256] = "";
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        if ((*b)->available()) {
            assert_ptr_equal(ub_backend_find((*b)->name, err, sizeof(err)), *b);
        }
    }
    const ub_backend* best = ub_backend_find(NULL, err, sizeof(err));
    assert_non_null(best);
    assert_ptr_equal(best, ub_backend_find("auto", err, sizeof(err)));
    assert_true(strcmp(best->name, "reference")); // the slow one is never the best
    assert_null(ub_backend_find("abacus", err, sizeof(err)));
    assert_non_null(strstr(err, "abacus"));
    assert_non_null(strstr(err, "reference"));
}

/** What one thread does. */
typedef struct {
    const ub_backend* backend;
    const ub_model* model;
    uint32_t source;    ///< Hot one
    const float* input; ///< [channels][frames][bins]
    float* mask;        ///< Likewise
    bool ok;
} work;

static void*
run_often(void* arg)
{
    work* w = (work*)arg;
    const ub_network* net = &w->model->net;
    char err[256] = "";
    float condition[UB_NET_SOURCES] = {0.0f};
    condition[w->source] = 1.0f;
    ub_folded* folded = ub_folded_new(w->model);
    ub_fold(w->model, 0, condition, folded);
    ub_runner* runner = w->backend->create(w->model, err, sizeof(err));
    const ub_item item = {.input = w->input, .folded = folded, .mask = w->mask};
    w->ok = runner;
    for (uint32_t i = 0; w->ok && i < ROUNDS; ++i) {
        const uint32_t count = 1 + i % net->frames;
        w->ok = w->backend->run(runner, &item, 1, net->frames - count, count);
    }
    w->ok = w->ok && w->backend->run(runner, &item, 1, 0, net->frames);
    w->backend->destroy(runner);
    ub_folded_free(folded);
    return NULL;
}

static const ub_model*
make_model(void)
{
    const ub_test_model_options options = {.seed = 5};
    const ub_model* model = ub_test_open_model(&options);
    assert_non_null(model);
    return model;
}

/// Runners on several threads share a model and do not disturb one another
static void
runners_are_independent(void** state)
{
    (void)state;
    const ub_model* model = make_model();
    const size_t size = (size_t)model->net.channels * model->net.frames * model->net.bins;
    float* input = (float*)malloc(size * sizeof(float));
    uint64_t random = 1;
    for (size_t i = 0; i < size; ++i) {
        input[i] = (float)fabs(ub_test_random(&random));
    }
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        work works[8];
        pthread_t threads[8];
        if (!(*b)->available()) {
            continue;
        }
        for (uint32_t i = 0; i < 8; ++i) {
            works[i] = (work){*b, model, i % 4, input, (float*)malloc(size * sizeof(float)), false};
            if (i < 4) { // the first four alone, one after the other
                run_often(&works[i]);
            }
        }
        for (uint32_t i = 4; i < 8; ++i) {
            assert_int_equal(pthread_create(&threads[i], NULL, run_often, &works[i]), 0);
        }
        for (uint32_t i = 4; i < 8; ++i) {
            pthread_join(threads[i], NULL);
            assert_true(works[i].ok && works[i - 4].ok);
            for (size_t k = 0; k < size; ++k) {
                assert_true(fabsf(works[i].mask[k] - works[i - 4].mask[k]) < 1e-5f);
            }
        }
        for (uint32_t i = 0; i < 8; ++i) {
            free(works[i].mask);
        }
    }
    free(input);
    ub_model_unref(model);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_find_backends),
        cmocka_unit_test(runners_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
