// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Masks of imported networks against those that PyTorch computed as Spleeter does
  (tests/golden/make_import_golden.py).  Runs in the repository's root.
*/

#include "model/import/import.h"
#include "tests/unit/make_checkpoint.h"
#include "tests/unit/make_model.h"
#include "tests/unit/run_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SEED   7U
#define STRIDE 997U
#define LIMIT  1e-4f

/// Write a checkpoint of that many networks, import it and open the result
static const ub_model*
import_networks(unsigned networks)
{
    static const ub_import_options options = {.bins = 1024, .above = "zeros"};
    static const char* const names[] = {"model.index", "model.data-00000-of-00001", "written"};
    char folder[UB_TEST_PATH_SIZE] = "/tmp/unbraid-test-XXXXXX";
    char path[3][UB_TEST_PATH_SIZE + 32];
    char err[512] = "";
    ub_test_buffer files[2];
    ub_test_checkpoint* made = ub_test_spleeter(networks, SEED);
    assert_non_null(mkdtemp(folder));
    ub_test_write_checkpoint(made, &files[0], &files[1]);
    ub_test_checkpoint_free(made);
    for (unsigned i = 0; i < 3; ++i) {
        snprintf(path[i], sizeof(path[i]), "%s/%s", folder, names[i]);
        if (i < 2) {
            ub_test_save(path[i], files[i].bytes, files[i].size);
            free(files[i].bytes);
        }
    }
    ub_import* import = ub_import_open(folder, err, sizeof(err));
    FILE* out = fopen(path[2], "wb");
    assert_non_null(import);
    assert_non_null(out);
    assert_true(ub_import_write(import, &options, fileno(out), path[2], err, sizeof(err)));
    fclose(out);
    ub_import_close(import);
    const ub_model* model = ub_model_open(path[2], err, sizeof(err));
    for (unsigned i = 0; i < 3; ++i) {
        unlink(path[i]);
    }
    rmdir(folder);
    assert_non_null(model);
    return model;
}

static float*
make_input(size_t size)
{
    uint64_t state = ub_test_state(SEED, "input");
    float* input = (float*)malloc(size * sizeof(float));
    for (size_t i = 0; i < size; ++i) {
        const double u = ub_test_random(&state);
        input[i] = (float)(2.0 * u * u);
    }
    return input;
}

static float*
read_expected(unsigned networks, size_t points)
{
    char path[64];
    const size_t n = networks * points;
    float* values = (float*)malloc(n * sizeof(float));
    snprintf(path, sizeof(path), "tests/golden/import-%u.golden", networks);
    FILE* in = fopen(path, "rb");
    if (!in || fread(values, sizeof(float), n, in) != n || fgetc(in) != EOF) {
        fail_msg("%s: cannot be read, or has not %zu values", path, n);
    }
    fclose(in);
    return values;
}

static void
check_source(const ub_backend* backend, ub_runner* runner, const ub_model* model,
             const float* input, uint32_t source, const float* expected)
{
    const ub_network* net = &model->net;
    const size_t size = (size_t)net->channels * net->frames * net->bins;
    float condition[UB_TEST_CONDITIONS][UB_NET_SOURCES] = {{0.0f}};
    float* mask = (float*)malloc(size * sizeof(float));
    condition[0][source] = 1.0f;
    assert_true(
        ub_test_masks(backend, runner, model, input, false, 1, condition, 0, net->frames, &mask));
    for (size_t i = 0; i * STRIDE < size; ++i) {
        if (!(fabsf(mask[i * STRIDE] - expected[i]) < LIMIT)) {
            fail_msg("%s: %s at %zu is %g (expected %g)", backend->name, net->source[source],
                     i * STRIDE, (double)mask[i * STRIDE], (double)expected[i]);
        }
    }
    free(mask);
}

static void
check_networks(unsigned networks)
{
    static const char* const names[] = {"reference", "native"};
    char err[256] = "";
    const ub_model* model = import_networks(networks);
    const size_t size = (size_t)model->net.channels * model->net.frames * model->net.bins;
    const size_t points = (size + STRIDE - 1) / STRIDE;
    float* input = make_input(size);
    float* expected = read_expected(networks, points);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        const ub_backend* backend = ub_backend_find(names[i], err, sizeof(err));
        assert_non_null(backend);
        ub_runner* runner = backend->create(model, err, sizeof(err));
        assert_non_null(runner);
        for (uint32_t s = 0; s < model->net.sources; ++s) {
            check_source(backend, runner, model, input, s, expected + s * points);
        }
        backend->destroy(runner);
    }
    free(expected);
    free(input);
    ub_model_unref(model);
}

static void
masks_of_two_stems_are_right(void** state)
{
    (void)state;
    check_networks(2);
}

static void
masks_of_four_stems_are_right(void** state)
{
    (void)state;
    check_networks(4);
}

static void
masks_of_five_stems_are_right(void** state)
{
    (void)state;
    check_networks(5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_of_two_stems_are_right),
        cmocka_unit_test(masks_of_four_stems_are_right),
        cmocka_unit_test(masks_of_five_stems_are_right),
    };
    return cmocka_run_group_tests_name("import_golden", tests, NULL, NULL);
}
