// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/model.h"
#include "tests/unit/make_model.h"

#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[UB_TEST_PATH_SIZE];

static int
make_file(void** state)
{
    (void)state;
    const ub_test_model_options options = {.seed = 3};
    return !ub_test_new_model(path, &options);
}

static int
remove_file(void** state)
{
    (void)state;
    return unlink(path);
}

static void
same_file_is_shared(void** state)
{
    (void)state;
    char err[256] = "";
    const ub_model* a = ub_model_open(path, err, sizeof(err));
    const ub_model* b = ub_model_open(path, err, sizeof(err));
    assert_non_null(a);
    assert_ptr_equal(a, b);
    assert_ptr_equal(ub_model_ref(a), a);
    ub_model_unref(b);
    ub_model_unref(a);
    assert_string_equal(a->net.source[0], "vocals"); // the third reference still holds it
    ub_model_unref(a);
}

static void
changed_file_is_another_model(void** state)
{
    (void)state;
    char err[256] = "";
    const ub_model* a = ub_model_open(path, err, sizeof(err));
    assert_non_null(a);
    const float before = a->unet[0].encoder[0].weight[0];
    const ub_test_model_options options = {.seed = 4};
    assert_true(ub_test_write_model(path, &options));
    const ub_model* b = ub_model_open(path, err, sizeof(err));
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    assert_true(a->unet[0].encoder[0].weight[0] == before);
    assert_true(b->unet[0].encoder[0].weight[0] != before);
    ub_model_unref(a);
    ub_model_unref(b);
}

static void
tensors_are_where_they_belong(void** state)
{
    (void)state;
    char err[256] = "";
    const ub_model* model = ub_model_open(path, err, sizeof(err));
    assert_non_null(model);
    assert_string_equal(model->card, "{\"name\": \"random\"}");
    const uint32_t shape[] = {8, 4, 5, 5};
    float expected[8 * 4 * 25];
    ub_test_fill("encoder.1.weight", shape, 4, 3, expected);
    assert_memory_equal(model->unet[0].encoder[1].weight, expected, sizeof(expected));
    const uint32_t filters = 8;
    ub_test_fill("encoder.1.norm.var", &filters, 1, 3, expected);
    assert_memory_equal(model->unet[0].encoder[1].var, expected, 8 * sizeof(float));
    const uint32_t pairs = 12;
    ub_test_fill("film.beta.bias", &pairs, 1, 3, expected);
    assert_memory_equal(model->unet[0].beta.bias, expected, 12 * sizeof(float));
    ub_model_unref(model);
}

static void*
open_and_close(void* arg)
{
    (void)arg;
    char err[256] = "";
    for (int i = 0; i < 200; ++i) {
        const ub_model* model = ub_model_open(path, err, sizeof(err));
        if (!model) {
            return NULL;
        }
        ub_model_unref(model);
    }
    return (void*)path;
}

static void
threads_may_open_at_once(void** state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) {
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, NULL), 0);
    }
    for (int i = 0; i < 4; ++i) {
        void* result = NULL;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, path);
    }
}

/* A slow drive: what is read of tensors by a thread that says so waits */
static _Thread_local bool is_slow;
static _Thread_local int tensors_read;
static sem_t arrived;
static sem_t go;

ssize_t __real_pread(int fd, void* buffer, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void* buffer, size_t size, off_t offset);

ssize_t
__wrap_pread(int fd, void* buffer, size_t size, off_t offset)
{
    const bool tensor = offset > 8; // where the header begins
    tensors_read += tensor;
    if (tensor && is_slow) {
        is_slow = false;
        sem_post(&arrived);
        sem_wait(&go);
    }
    return __real_pread(fd, buffer, size, offset);
}

typedef struct {
    bool slow;
    const ub_model* model;
    int reads;
} reader;

static void*
open_file(void* arg)
{
    reader* r = arg;
    char err[256] = "";
    is_slow = r->slow;
    r->model = ub_model_open(path, err, sizeof(err));
    r->reads = tensors_read;
    return NULL;
}

/// Who has another model need not wait while one is read; who wants the same one waits
static void
slow_files_hold_nobody_up(void** state)
{
    (void)state;
    reader first = {.slow = true};
    reader second = {.slow = false};
    pthread_t threads[2];
    const ub_test_model_options options = {.seed = 5};
    sem_init(&arrived, 0, 0);
    sem_init(&go, 0, 0);
    pthread_create(&threads[0], NULL, open_file, &first);
    sem_wait(&arrived);
    pthread_create(&threads[1], NULL, open_file, &second);
    alarm(30); // ends the test if it hangs
    const ub_model* other = ub_test_open_model(&options);
    assert_non_null(other);
    ub_model_unref(ub_model_ref(other));
    ub_model_unref(other);
    alarm(0);
    sem_post(&go);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_non_null(first.model);
    assert_ptr_equal(first.model, second.model);
    assert_true(first.reads > 0);
    assert_int_equal(second.reads, 0);
    ub_model_unref(first.model);
    ub_model_unref(second.model);
}

/// Folding against the definition, computed by hand for one channel of each kind of layer
static void
fold_is_norm_then_film(void** state)
{
    (void)state;
    char err[256] = "";
    const ub_model* model = ub_model_open(path, err, sizeof(err));
    assert_non_null(model);
    ub_folded* folded = ub_folded_new(model);
    const float condition[] = {0.25f, 1.0f, 0.0f, -0.5f};
    ub_fold(model, 0, condition, folded);

    double hidden[64];
    double first[16];
    for (int u = 0; u < 16; ++u) {
        first[u] = (double)model->unet[0].control[0].bias[u];
        for (int i = 0; i < 4; ++i) {
            first[u] += (double)model->unet[0].control[0].weight[u * 4 + i] * (double)condition[i];
        }
        first[u] = fmax(first[u], 0.0);
    }
    const ub_tensors* t = &model->unet[0].control[1];
    double gamma = (double)model->unet[0].gamma.bias[5];
    double beta = (double)model->unet[0].beta.bias[5];
    for (int u = 0; u < 64; ++u) {
        hidden[u] = (double)t->bias[u];
        for (int i = 0; i < 16; ++i) {
            hidden[u] += (double)t->weight[u * 16 + i] * first[i];
        }
        hidden[u] = (fmax(hidden[u], 0.0) - (double)t->mean[u]) / sqrt((double)t->var[u] + 1e-5) *
                        (double)t->gain[u] +
                    (double)t->offset[u];
        gamma += (double)model->unet[0].gamma.weight[5 * 64 + u] * hidden[u];
        beta += (double)model->unet[0].beta.weight[5 * 64 + u] * hidden[u];
    }
    // Pair 5 is channel 1 of the second layer; x stands for the convolution's value
    const ub_tensors* e = &model->unet[0].encoder[1];
    const double x = 0.7;
    const double normed = (x + (double)e->bias[1] - (double)e->mean[1]) /
                              sqrt((double)e->var[1] + 1e-5) * (double)e->gain[1] +
                          (double)e->offset[1];
    const ub_step* step = &model->steps[0].step[1];
    const float* numbers = folded->numbers + step->out[0].numbers;
    const double got = x * (double)numbers[1] + (double)numbers[step->layer->filters + 1];
    assert_true(fabs(got - (gamma * normed + beta)) < 1e-5);
    ub_folded_free(folded);
    ub_model_unref(model);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_file_is_shared, make_file, remove_file),
        cmocka_unit_test_setup_teardown(changed_file_is_another_model, make_file, remove_file),
        cmocka_unit_test_setup_teardown(tensors_are_where_they_belong, make_file, remove_file),
        cmocka_unit_test_setup_teardown(threads_may_open_at_once, make_file, remove_file),
        cmocka_unit_test_setup_teardown(slow_files_hold_nobody_up, make_file, remove_file),
        cmocka_unit_test_setup_teardown(fold_is_norm_then_film, make_file, remove_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
