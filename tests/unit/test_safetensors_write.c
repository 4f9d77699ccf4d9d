// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Weights files as they are written: what is read back, and what cannot be written. */

#include "model/file/safetensors_write.h"
#include "tests/unit/make_model.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BIG 40000U

static const ub_tensor_shape tensors[] = {
    {"z", {2, 3}, 2}, {"a", {0}, 0}, {"big", {BIG}, 1}, {"none", {0, 4}, 2}};
static const size_t count = sizeof(tensors) / sizeof(tensors[0]);

static int
new_file(char* path)
{
    strcpy(path, "/tmp/unbraid-test-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    return fd;
}

static bool
begin(ub_safetensors_writer* writer, int fd, char* err)
{
    json_t* metadata = json_pack("{s:s, s:s}", "format", "x", "card", "\"quoted\"\n");
    const bool ok =
        ub_safetensors_begin(writer, fd, "new.safetensors", metadata, tensors, count, err, 256);
    json_decref(metadata);
    return ok;
}

static void
files_are_read_as_written(void** state)
{
    (void)state;
    char err[256] = "";
    char path[UB_TEST_PATH_SIZE];
    static float values[7 + BIG];
    static float read[BIG];
    ub_safetensors_writer writer;
    const int fd = new_file(path);
    for (size_t i = 0; i < 7 + BIG; ++i) {
        values[i] = 1.0f / (float)(i + 1) - 0.5f;
    }
    assert_true(begin(&writer, fd, err));
    // In parts that do not end where tensors do
    assert_true(ub_safetensors_write(&writer, values, 5, err, sizeof(err)));
    assert_true(ub_safetensors_write(&writer, values + 5, 2 + BIG, err, sizeof(err)));
    assert_true(ub_safetensors_end(&writer, err, sizeof(err)));
    close(fd);

    ub_safetensors* file = ub_safetensors_open(path, err, sizeof(err));
    unlink(path);
    assert_non_null(file);
    assert_int_equal(ub_safetensors_count(file), count);
    assert_string_equal(ub_safetensors_metadata(file, "card"), "\"quoted\"\n");
    const float* at = values;
    for (size_t i = 0; i < count; ++i) {
        const size_t n = i == 2 ? BIG : i == 0 ? 6 : i == 1;
        assert_true(ub_safetensors_read(file, tensors[i].name, tensors[i].shape, tensors[i].rank,
                                        read, err, sizeof(err)));
        assert_memory_equal(read, at, n * sizeof(float));
        at += n;
    }
    ub_safetensors_close(file);
}

static void
too_many_and_too_few_values_are_noticed(void** state)
{
    (void)state;
    char err[256] = "";
    char path[UB_TEST_PATH_SIZE];
    static const float values[8 + BIG];
    ub_safetensors_writer writer;
    const int fd = new_file(path);
    unlink(path);
    assert_true(begin(&writer, fd, err));
    assert_true(ub_safetensors_write(&writer, values, 6, err, sizeof(err)));
    assert_false(ub_safetensors_end(&writer, err, sizeof(err)));
    assert_string_equal(err, "new.safetensors: 40001 values fewer than its tensors have");
    assert_false(ub_safetensors_write(&writer, values, 2 + BIG, err, sizeof(err)));
    assert_string_equal(err, "new.safetensors: more values than its tensors have");
    close(fd);
}

static void
what_cannot_be_written_is_said(void** state)
{
    (void)state;
    char err[256] = "";
    ub_safetensors_writer writer;
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    assert_false(begin(&writer, full, err));
    assert_string_equal(err, "new.safetensors: cannot be written (No space left on device)");
    close(full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_as_written),
        cmocka_unit_test(too_many_and_too_few_values_are_noticed),
        cmocka_unit_test(what_cannot_be_written_is_said),
    };
    return cmocka_run_group_tests_name("safetensors_write", tests, NULL, NULL);
}
