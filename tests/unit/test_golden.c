// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Every backend, and the way from bins to bands and back, against masks that PyTorch
  computed in double precision (tests/golden/make_golden.py).  Runs in the repository's root.
*/

#include "dsp/gridmap.h"
#include "model/backend/backend.h"
#include "model/engine/engine.h"
#include "model/network/masks.h"
#include "tests/unit/make_model.h"
#include "tests/unit/run_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED           7
#define MAX_CONDITIONS UB_TEST_CONDITIONS

static const char* const cases[] = {"full",  "simple",  "decoder", "both",    "plain",
                                    "keras", "kernel4", "stride3", "conv",    "mono",
                                    "bands", "two",     "own",     "softmax", "softmax-own",
                                    "films", "one",     "deep",    "shares",  "part"};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/** An opened case. */
typedef struct {
    const ub_model* model;
    size_t size; ///< Values in a whole expected mask
    uint32_t conditions;
    uint32_t points;
    uint32_t stride;
    float condition[MAX_CONDITIONS][UB_NET_SOURCES];
    float* expected; ///< [conditions][points]
    float* input;    ///< Of the network, [channels][frames][bins]
} golden;

static char*
read_golden(const char* name, size_t* size)
{
    char path[128];
    snprintf(path, sizeof(path), "tests/golden/%s.golden", name);
    FILE* in = fopen(path, "rb");
    if (!in) {
        fail_msg("%s is missing (is this the repository's root?)", path);
        return NULL;
    }
    char* data = (char*)malloc(1 << 20);
    assert_non_null(data);
    *size = fread(data, 1, (1 << 20) - 1, in);
    data[*size] = '\0';
    fclose(in);
    return data;
}

static void
read_expected(golden* g, const char* name)
{
    size_t size = 0;
    char* data = read_golden(name, &size);
    const char* at = data;
    memcpy(&g->conditions, at, 4);
    at += 4;
    assert_in_range(g->conditions, 1, MAX_CONDITIONS);
    for (uint32_t i = 0; i < g->conditions; ++i) {
        memcpy(g->condition[i], at, g->model->net.sources * sizeof(float));
        at += g->model->net.sources * sizeof(float);
    }
    memcpy(&g->points, at, 4);
    memcpy(&g->stride, at + 4, 4);
    at += 8;
    const size_t bytes = (size_t)g->conditions * g->points * sizeof(float);
    assert_int_equal(size, (size_t)(at - data) + bytes);
    assert_int_equal(g->points, (g->size + g->stride - 1) / g->stride);
    g->expected = (float*)malloc(bytes);
    memcpy(g->expected, at, bytes);
    free(data);
}

static float
compress(const ub_network* net, float magnitude)
{
    return powf(net->input_scale * magnitude, net->input_power);
}

/// The magnitudes of a case, [channels][frames][bins]
static float*
make_magnitudes(size_t size)
{
    float* magnitude = (float*)malloc(size * sizeof(float));
    uint64_t state = ub_test_state(SEED, "input");
    for (size_t i = 0; i < size; ++i) {
        const double u = ub_test_random(&state);
        magnitude[i] = (float)(2.0 * u * u);
    }
    return magnitude;
}

static void
golden_open(golden* g, const char* name)
{
    memset(g, 0, sizeof(*g));
    g->model = ub_test_open_golden(name, SEED);
    assert_non_null(g->model);
    const ub_network* net = &g->model->net;
    g->size = (size_t)net->channels * net->frames * net->bins;
    read_expected(g, name);
    g->input = make_magnitudes(g->size);
    for (size_t i = 0; i < g->size; ++i) {
        g->input[i] = compress(net, g->input[i]);
    }
}

static void
golden_close(golden* g)
{
    ub_model_unref(g->model);
    free(g->expected);
    free(g->input);
}

static ub_runner*
make_runner(const ub_backend* backend, const ub_model* model)
{
    char err[256] = "";
    ub_runner* runner = backend->create(model, err, sizeof(err));
    if (!runner) {
        fail_msg("%s", err);
    }
    return runner;
}

/** How far a backend may be from the truth. */
typedef struct {
    const char* backend;
    double error; ///< Largest
    double snr;   ///< Least, dB
    double part;  ///< Largest difference of some frames alone from the same in the whole
} limit;

static limit
find_limit(const ub_backend* backend)
{
    // cuDNN may take another algorithm for another size
    static const limit limits[] = {{"reference", 1e-5, 90.0, 1e-6},
                                   {"cuda", 1e-4, 70.0, 1e-5},
                                   {"cuda-tf32", 0.01, 45.0, 0.01},
                                   {"cuda-bf16", 0.05, 45.0, 0.05},
                                   {"cuda-fp16", 0.01, 45.0, 0.01}};
    static const limit single = {"", 1e-4, 70.0, 1e-6};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); ++i) {
        if (!strcmp(backend->name, limits[i].backend)) {
            return limits[i];
        }
    }
    return single;
}

/// Compare a mask with the expected one
static void
check_mask(const ub_backend* backend, const golden* g, uint32_t condition, const char* name,
           const float* mask)
{
    const float* expected = g->expected + (size_t)condition * g->points;
    double worst = 0.0;
    double error = 0.0;
    double power = 0.0;
    for (uint32_t i = 0; i < g->points; ++i) {
        const double e = (double)mask[(size_t)i * g->stride] - (double)expected[i];
        worst = fmax(worst, isnan(e) ? INFINITY : fabs(e));
        error += e * e;
        power += (double)expected[i] * (double)expected[i];
    }
    const double snr = 10.0 * log10(power / error);
    print_message("# %s %s %u: max error %.2g, SNR %.1f dB\n", backend->name, name, condition,
                  worst, snr);
    const limit allowed = find_limit(backend);
    // Shares of sources' outputs make more of what 16 bits lose
    const bool shared = ub_masks_are_shared(&g->model->net, true);
    const double least = allowed.snr - (shared && allowed.error > 1e-3 ? 8.0 : 0.0);
    if (worst > allowed.error || !(snr > least)) {
        fail_msg("%s: %s: error %g, SNR %g dB (expected %g, %g dB)", backend->name, name, worst,
                 snr, allowed.error, least);
    }
}

static void
check_case(const ub_backend* backend, const char* name)
{
    golden g;
    golden_open(&g, name);
    ub_runner* runner = make_runner(backend, g.model);
    float* masks[MAX_CONDITIONS] = {NULL};
    for (uint32_t i = 0; i < g.conditions; ++i) {
        masks[i] = (float*)calloc(g.size, sizeof(float));
    }
    // All as one batch
    assert_true(ub_test_masks(backend, runner, g.model, g.input, true, g.conditions, g.condition, 0,
                              g.model->net.frames, masks));
    for (uint32_t i = 0; i < g.conditions; ++i) {
        check_mask(backend, &g, i, name, masks[i]);
        free(masks[i]);
    }
    backend->destroy(runner);
    golden_close(&g);
}

static void
masks_are_right(void** state)
{
    const ub_backend* backend = (const ub_backend*)*state;
    for (size_t i = 0; i < CASES; ++i) {
        check_case(backend, cases[i]);
    }
}

/// Frames first to first + count - 1 alone against the same frames of the whole mask
static void
check_part(const ub_backend* backend, ub_runner* runner, golden* g, const float* whole,
           uint32_t first, uint32_t count)
{
    const ub_network* net = &g->model->net;
    const size_t row = (size_t)count * net->bins;
    float* mask = (float*)malloc((net->channels * row + 1) * sizeof(float));
    mask[net->channels * row] = 42.0f;
    assert_true(ub_test_masks(backend, runner, g->model, g->input, true, 1, g->condition, first,
                              count, &mask));
    double worst = 0.0;
    for (uint32_t c = 0; c < net->channels; ++c) {
        const float* a = whole + ((size_t)c * net->frames + first) * net->bins;
        for (size_t i = 0; i < row; ++i) {
            worst = fmax(worst, fabs((double)(a[i] - mask[c * row + i])));
        }
    }
    assert_true(mask[net->channels * row] == 42.0f);
    if (worst > find_limit(backend).part) {
        fail_msg("%s: frames %u to %u alone differ by %g", backend->name, first, first + count - 1,
                 worst);
    }
    free(mask);
}

static void
check_parts(const ub_backend* backend, const char* name)
{
    golden g;
    golden_open(&g, name);
    const uint32_t n = g.model->net.frames;
    ub_runner* runner = make_runner(backend, g.model);
    float* whole = (float*)malloc(g.size * sizeof(float));
    assert_true(
        ub_test_masks(backend, runner, g.model, g.input, true, 1, g.condition, 0, n, &whole));
    const uint32_t parts[][2] = {{n - 1, 1}, {n - 4, 4}, {0, 1}, {n / 2 - 1, 3}, {1, n - 2}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); ++i) {
        check_part(backend, runner, &g, whole, parts[i][0], parts[i][1]);
    }
    // The whole again, after its parts
    check_part(backend, runner, &g, whole, 0, n);
    free(whole);
    backend->destroy(runner);
    golden_close(&g);
}

static void
parts_equal_the_whole(void** state)
{
    const ub_backend* backend = (const ub_backend*)*state;
    const bool slow = !strcmp(backend->name, "reference");
    for (size_t i = slow; i < CASES; ++i) {
        check_parts(backend, cases[i]);
    }
}

/// Frame t of a plane [frames][bins] as bands, in the network's input
static void
group(const golden* g, ub_gridmap* map, const float* magnitude, float* input)
{
    const ub_network* net = &g->model->net;
    float complex* spectrum = (float complex*)calloc(net->window / 2 + 1, sizeof(float complex));
    for (uint32_t b = 0; b < net->dft_bins; ++b) {
        spectrum[net->first_bin + b] = magnitude[b];
    }
    ub_gridmap_magnitudes(map, spectrum, input);
    for (uint32_t b = 0; b < net->bins; ++b) {
        input[b] = compress(net, input[b]);
    }
    free(spectrum);
}

/* From magnitudes at the transform's bins to a mask there */
static void
bands_are_those_of_training(void** state)
{
    (void)state;
    char err[256] = "";
    golden g = {.model = ub_test_open_golden("bands", SEED)};
    assert_non_null(g.model);
    const ub_network* net = &g.model->net;
    const ub_backend* backend = ub_backend_find("reference", err, sizeof(err));
    const ub_grid grid = ub_model_grid(g.model);
    ub_gridmap* map = ub_gridmap_new(&grid, grid.rate);
    const size_t rows = (size_t)net->channels * net->frames;
    g.size = rows * net->dft_bins;
    read_expected(&g, "bands-at-bins");
    float* magnitude = make_magnitudes(g.size);
    g.input = (float*)malloc(rows * net->bins * sizeof(float));
    for (size_t t = 0; t < rows; ++t) {
        group(&g, map, magnitude + t * net->dft_bins, g.input + t * net->bins);
    }
    ub_runner* runner = make_runner(backend, g.model);
    ub_folded* folded = ub_folded_new(g.model);
    float* bands = (float*)malloc(rows * net->bins * sizeof(float));
    float* gain = (float*)malloc((net->window / 2 + 1) * sizeof(float));
    for (uint32_t i = 0; i < g.conditions; ++i) {
        ub_fold(g.model, 0, g.condition[i], folded);
        const ub_item item = {.input = g.input, .folded = folded, .mask = bands};
        assert_true(backend->run(runner, &item, 1, 0, net->frames));
        for (size_t t = 0; t < rows; ++t) {
            ub_gridmap_mask(map, bands + t * net->bins, gain);
            memcpy(magnitude + t * net->dft_bins, gain + net->first_bin,
                   net->dft_bins * sizeof(float));
        }
        check_mask(backend, &g, i, "bands-at-bins", magnitude);
    }
    free(gain);
    free(bands);
    free(magnitude);
    ub_folded_free(folded);
    backend->destroy(runner);
    ub_gridmap_free(map);
    golden_close(&g);
}

/* From a mask at the bins that a network sees to one at all of the transform's */
static void
masks_go_on_where_nothing_is_seen(void** state)
{
    (void)state;
    char err[256] = "";
    golden g;
    golden_open(&g, "part");
    const ub_network* net = &g.model->net;
    const ub_backend* backend = ub_backend_find("reference", err, sizeof(err));
    ub_runner* runner = make_runner(backend, g.model);
    float* seen = (float*)malloc(g.size * sizeof(float));
    assert_true(ub_test_masks(backend, runner, g.model, g.input, true, 1, g.condition, 0,
                              net->frames, &seen));
    const ub_grid grid = ub_model_grid(g.model);
    ub_gridmap* map = ub_gridmap_new(&grid, grid.rate);
    const size_t rows = (size_t)net->channels * net->frames;
    const size_t bins = net->window / 2 + 1;
    float* whole = (float*)malloc(rows * bins * sizeof(float));
    for (size_t t = 0; t < rows; ++t) {
        ub_gridmap_mask(map, seen + t * net->bins, whole + t * bins);
    }
    free(g.expected);
    g.size = rows * bins;
    read_expected(&g, "part-whole");
    check_mask(backend, &g, 0, "part-whole", whole);
    free(whole);
    free(seen);
    ub_gridmap_free(map);
    backend->destroy(runner);
    golden_close(&g);
}

int
main(int argc, char** argv)
{
    struct CMUnitTest tests[32];
    char names[32][64];
    size_t n = 0;
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(bands_are_those_of_training);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(masks_go_on_where_nothing_is_seen);
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        if (!(*b)->available()) {
            print_message("# %s is not available here\n", (*b)->name);
            continue;
        }
        snprintf(names[n], sizeof(names[n]), "masks_are_right_%s", (*b)->name);
        tests[n] = (struct CMUnitTest){names[n], masks_are_right, NULL, NULL, (void*)*b};
        ++n;
        snprintf(names[n], sizeof(names[n]), "parts_equal_the_whole_%s", (*b)->name);
        tests[n] = (struct CMUnitTest){names[n], parts_equal_the_whole, NULL, NULL, (void*)*b};
        ++n;
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]); // only tests whose name matches
    }
    return _cmocka_run_group_tests("golden", tests, n, NULL, NULL);
}
