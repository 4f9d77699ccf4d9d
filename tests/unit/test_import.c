// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Spleeter's checkpoints of every kind made into weights files, and what is refused. */

#include "model/file/safetensors.h"
#include "model/import/import.h"
#include "model/network/model.h"
#include "tests/unit/make_checkpoint.h"
#include "tests/unit/make_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[UB_TEST_PATH_SIZE];
static char written[UB_TEST_PATH_SIZE + 16];
static ub_test_checkpoint* made;

static int
make_folder(void** state)
{
    (void)state;
    strcpy(folder, "/tmp/unbraid-test-XXXXXX");
    return !mkdtemp(folder);
}

static int
remove_folder(void** state)
{
    (void)state;
    char path[128];
    static const char* const names[] = {"model.index", "model.data-00000-of-00001", "written"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    if (made) {
        ub_test_checkpoint_free(made);
        made = NULL;
    }
    return rmdir(folder);
}

static void
make(unsigned networks)
{
    if (made) {
        ub_test_checkpoint_free(made);
    }
    made = ub_test_spleeter(networks, 11);
}

/// Write what is made to the folder, and import that.  Returns whether it can be.
static bool
import_made(const ub_import_options* options, char* name, char* err)
{
    char path[128];
    ub_test_buffer index;
    ub_test_buffer data;
    ub_test_write_checkpoint(made, &index, &data);
    snprintf(path, sizeof(path), "%s/model.index", folder);
    ub_test_save(path, index.bytes, index.size);
    snprintf(path, sizeof(path), "%s/model.data-00000-of-00001", folder);
    ub_test_save(path, data.bytes, data.size);
    free(index.bytes);
    free(data.bytes);
    ub_import* import = ub_import_open(folder, err, 512);
    bool ok = import;
    if (import) {
        snprintf(written, sizeof(written), "%s/written", folder);
        FILE* out = fopen(written, "wb");
        assert_non_null(out);
        ok = ub_import_write(import, options, fileno(out), written, err, 512);
        fclose(out);
        strcpy(name, ub_import_name(import));
    }
    ub_import_close(import);
    return ok;
}

static const ub_import_options usual = {.bins = 1024, .above = "nearest"};

static const ub_model*
accepted(const ub_import_options* options, const char* expected_name)
{
    char err[512] = "";
    char name[64] = "";
    if (!import_made(options, name, err)) {
        fail_msg("refused: %s", err);
    }
    assert_string_equal(name, expected_name);
    const ub_model* model = ub_model_open(written, err, sizeof(err));
    if (!model) {
        fail_msg("cannot be opened: %s", err);
    }
    return model;
}

static void
refused(const char* expected)
{
    char err[512] = "";
    char name[64];
    if (import_made(&usual, name, err)) {
        fail_msg("accepted (expected: %s)", expected);
    }
    if (strncmp(err, folder, strlen(folder)) || !strstr(err, expected) || strchr(err, '\n')) {
        fail_msg("message \"%s\" (expected the folder and \"%s\")", err, expected);
    }
}

/// A value of a checkpoint's tensor [a][b][c][d]
static float
value(const ub_test_tensor* t, size_t a, size_t b, size_t c, size_t d)
{
    return t->values[((a * t->shape[1] + b) * t->shape[2] + c) * t->shape[3] + d];
}

/// A kernel in the model must hold what the checkpoint's does.  The last `skip` of its inputs are
/// the skip's.
static void
check_kernel(const float* weight, const char* name, bool decoder, uint64_t skip)
{
    const ub_test_tensor* t = ub_test_tensor_of(made, name);
    const uint64_t inputs = t->shape[decoder ? 3 : 2];
    const uint64_t filters = t->shape[decoder ? 2 : 3];
    for (uint64_t i = 0; i < inputs; ++i) {
        // In the checkpoint the skip's channels come first, in the model last
        const uint64_t stored = i < inputs - skip ? i + skip : i - (inputs - skip);
        for (uint64_t o = 0; o < filters; ++o) {
            for (uint64_t y = 0; y < t->shape[0]; ++y) {
                for (uint64_t x = 0; x < t->shape[1]; ++x) {
                    const uint64_t at = decoder ? i * filters + o : o * inputs + i;
                    const float is = weight[(at * t->shape[0] + y) * t->shape[1] + x];
                    const float should = decoder ? value(t, y, x, o, stored) : value(t, y, x, i, o);
                    assert_true(is == should);
                }
            }
        }
    }
}

static void
check_norm(const ub_tensors* tensors, unsigned number)
{
    const float* const is[] = {tensors->gain, tensors->offset, tensors->mean, tensors->var};
    static const char* const parts[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    for (unsigned i = 0; i < 4; ++i) {
        char name[64];
        snprintf(name, sizeof(name), "batch_normalization_%u/%s", number, parts[i]);
        const ub_test_tensor* t = ub_test_tensor_of(made, name);
        assert_memory_equal(is[i], t->values, t->count * sizeof(float));
    }
}

/// All tensors of one of the networks but the first, whose names have no number
static void
check_network(const ub_model* model, unsigned k)
{
    const ub_unet_tensors* unet = &model->unet[k];
    char name[64];
    for (unsigned i = 0; i < 6; ++i) {
        snprintf(name, sizeof(name), "conv2d_%u/kernel", 7 * k + i);
        check_kernel(unet->encoder[i].weight, name, false, 0);
        snprintf(name, sizeof(name), "conv2d_%u/bias", 7 * k + i);
        assert_memory_equal(unet->encoder[i].bias, ub_test_tensor_of(made, name)->values,
                            ub_test_spleeter_filters[i] * sizeof(float));
        snprintf(name, sizeof(name), "conv2d_transpose_%u/kernel", 6 * k + i);
        check_kernel(unet->decoder[i].weight, name, true, i ? ub_test_spleeter_filters[5 - i] : 0);
        snprintf(name, sizeof(name), "conv2d_transpose_%u/bias", 6 * k + i);
        const ub_test_tensor* bias = ub_test_tensor_of(made, name);
        assert_memory_equal(unet->decoder[i].bias, bias->values, bias->count * sizeof(float));
        if (i < 5) {
            check_norm(&unet->encoder[i], 12 * k + i);
        }
        check_norm(&unet->decoder[i], 12 * k + 6 + i);
    }
    snprintf(name, sizeof(name), "conv2d_%u/kernel", 7 * k + 6);
    check_kernel(unet->decoder[6].weight, name, false, 0);
}

static void
check_layers(const ub_unet* unet, bool elu, bool softmax)
{
    for (unsigned i = 0; i < 5; ++i) {
        assert_int_equal(unet->encoder[i].activation.kind, elu ? UB_ELU : UB_LEAKY_RELU);
        assert_true(elu || unet->encoder[i].activation.slope == 0.2f);
        assert_int_equal(unet->decoder[i].activation.kind, elu ? UB_ELU : UB_RELU);
        assert_true(unet->encoder[i].raw_skip && !unet->encoder[i].activation_first);
        assert_true(unet->decoder[i].activation_first && unet->decoder[i].eps == 1e-3f);
    }
    assert_int_equal(unet->encoder[5].activation.kind, UB_LINEAR);
    assert_false(unet->encoder[5].norm);
    assert_int_equal(unet->decoder[6].activation.kind, softmax ? UB_LINEAR : UB_SIGMOID);
}

static void
two_stems_are_imported(void** state)
{
    (void)state;
    make(2);
    const ub_model* model = accepted(&usual, "spleeter-2stems");
    assert_int_equal(model->net.unets, 2);
    assert_string_equal(model->net.source[0], "vocals");
    assert_string_equal(model->net.source[1], "accompaniment");
    assert_int_equal(model->net.dft_bins, 1024);
    assert_true(isnan(model->net.dropped_mask) && model->net.nearest == 1);
    assert_true(model->net.ratio_exponent == 2.0f && !model->net.softmax);
    assert_non_null(strstr(model->card, "MIT"));
    check_layers(&model->net.unet[1], false, false);
    check_network(model, 1);
    ub_model_unref(model);
}

static void
four_stems_are_imported(void** state)
{
    (void)state;
    make(4);
    const ub_import_options options = {.bins = 1536, .above = "zeros", .own_masks = true};
    const ub_model* model = accepted(&options, "spleeter-4stems");
    assert_int_equal(model->net.unets, 4);
    assert_string_equal(model->net.source[3], "other");
    assert_int_equal(model->net.dft_bins, 1536);
    assert_true(model->net.dropped_mask == 0.0f);
    assert_true(model->net.ratio_exponent == 0.0f && !model->net.softmax);
    check_layers(&model->net.unet[3], true, false);
    check_network(model, 3);
    ub_model_unref(model);
}

static void
five_stems_are_imported(void** state)
{
    (void)state;
    make(5);
    const ub_import_options options = {.bins = 1024, .above = "mean"};
    const ub_model* model = accepted(&options, "spleeter-5stems");
    assert_int_equal(model->net.unets, 5);
    assert_string_equal(model->net.source[1], "piano");
    assert_true(isnan(model->net.dropped_mask) && model->net.nearest == 1024);
    assert_true(model->net.ratio_exponent == 2.0f && model->net.softmax);
    check_layers(&model->net.unet[4], true, true);
    check_network(model, 4);
    ub_model_unref(model);
}

static void
what_training_left_is_no_matter(void** state)
{
    (void)state;
    make(2);
    // Names that come after all others
    ub_test_add_tensor(made, "training/beta1_power", (const uint32_t[]){1}, 1, 1);
    ub_test_add_tensor(made, "training/conv2d/kernel/Adam", (const uint32_t[]){2}, 1, 1);
    ub_model_unref(accepted(&usual, "spleeter-2stems"));
    ub_test_add_tensor(made, "training/other", (const uint32_t[]){1}, 1, 1);
    refused("tensor training/other: no place for it in 2 networks of Spleeter's");
}

/// Leave a tensor out
static void
drop(const char* name)
{
    ub_test_tensor* t = ub_test_tensor_of(made, name);
    free(t->values);
    memmove(t, t + 1, (size_t)(made->tensor + --made->count - t) * sizeof(*t));
}

static void
other_networks_are_refused(void** state)
{
    (void)state;
    make(3);
    refused("21 convolutions named conv2d (expected 14, 28 or 35");
    make(1);
    refused("7 convolutions");
    make(2);
    drop("conv2d_13/kernel");
    refused("13 convolutions");
    drop("conv2d_1/kernel");
    refused("1 convolutions");
    make(2);
    drop("conv2d_transpose_7/bias");
    refused("tensor conv2d_transpose_7/bias is missing");
    make(2);
    drop("batch_normalization_5/gamma"); // Of no use
    ub_model_unref(accepted(&usual, "spleeter-2stems"));
    drop("batch_normalization_23/moving_variance");
    refused("tensor batch_normalization_23/moving_variance is missing");
}

static void
wrong_tensors_are_refused(void** state)
{
    (void)state;
    make(2);
    ub_test_tensor* t = ub_test_tensor_of(made, "conv2d_transpose_8/kernel");
    t->shape[2] = 10;
    t->shape[3] = 4;
    refused("tensor conv2d_transpose_8/kernel: shape 5x5x10x4 (expected 5x5x4x10)");
    make(2);
    t = ub_test_tensor_of(made, "conv2d/kernel");
    t->shape[2] = 1;
    t->shape[3] = 4; // What the others are then measured by
    refused("tensor conv2d/kernel: shape 5x5x1x4 (expected 5x5x2x4)");
    t->shape[0] = 100;
    t->rank = 1;
    refused("tensor conv2d/kernel: 1 sizes, the last 100 (expected 4, 1 to 8192)");
    make(2);
    ub_test_tensor_of(made, "conv2d_12/kernel")->values[17] = NAN;
    refused("tensor conv2d_12/kernel: value 17 is nan");
    make(2);
    ub_test_tensor_of(made, "batch_normalization_23/moving_variance")->values[0] = -0.5f;
    refused("moving_variance: value 0 is -0.5 (expected at least 0)");
    make(2);
    ub_test_tensor_of(made, "batch_normalization_11/gamma")->wrong_crc = true;
    refused("tensor batch_normalization_11/gamma: damaged: its checksum differs");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_stems_are_imported, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(four_stems_are_imported, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(five_stems_are_imported, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_training_left_is_no_matter, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(other_networks_are_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(wrong_tensors_are_refused, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
