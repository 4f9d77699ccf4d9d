// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* TensorFlow's checkpoints, right, and broken in every way. */

#include "model/import/checkpoint.h"
#include "model/import/crc32c.h"
#include "tests/unit/make_checkpoint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME "some.index"

static ub_test_checkpoint* made;
static ub_test_buffer index_file;
static ub_test_buffer data_file;

static int
make(void** state)
{
    (void)state;
    made = ub_test_spleeter(2, 7);
    return 0;
}

static void
write_files(void)
{
    free(index_file.bytes);
    free(data_file.bytes);
    ub_test_write_checkpoint(made, &index_file, &data_file);
}

static int
free_all(void** state)
{
    (void)state;
    free(index_file.bytes);
    free(data_file.bytes);
    index_file = data_file = (ub_test_buffer){0};
    ub_test_checkpoint_free(made);
    return 0;
}

static void
check_message(const char* err, const char* expected)
{
    if (strncmp(err, NAME ": ", strlen(NAME) + 2) || !strstr(err, expected) || strchr(err, '\n')) {
        fail_msg("message \"%s\" (expected one line with the name and \"%s\")", err, expected);
    }
}

/// Read exact copies, so that a step beyond their end is seen
static bool
read_copies(ub_checkpoint* checkpoint, size_t index_size, size_t data_size, char* err)
{
    uint8_t* index = (uint8_t*)malloc(index_size + !index_size);
    memcpy(index, index_file.bytes, index_size);
    const bool ok = ub_checkpoint_read(checkpoint, NAME, (ub_bytes){index, index_size},
                                       (ub_bytes){data_file.bytes, data_size}, err, 256);
    free(index);
    return ok;
}

/// What is made must be refused with a line that holds a text
static void
refused(const char* expected)
{
    char err[256] = "";
    ub_checkpoint checkpoint;
    write_files();
    if (read_copies(&checkpoint, index_file.size, data_file.size, err)) {
        fail_msg("accepted (expected: %s)", expected);
    }
    check_message(err, expected);
    ub_checkpoint_free(&checkpoint);
}

/// What is made must be read, but this tensor refused with a line that holds a text
static void
tensor_refused(const char* name, const uint32_t* shape, size_t rank, const char* expected)
{
    char err[256] = "";
    float values[5 * 5 * 2 * 2];
    ub_checkpoint checkpoint;
    write_files();
    assert_true(read_copies(&checkpoint, index_file.size, data_file.size, err));
    if (ub_checkpoint_values(&checkpoint, name, shape, rank, values, err, sizeof(err))) {
        fail_msg("%s accepted (expected: %s)", name, expected);
    }
    check_message(err, expected);
    ub_checkpoint_free(&checkpoint);
}

/// Whether all tensors are as they were made
static bool
same_tensors(const ub_checkpoint* checkpoint)
{
    char err[256] = "";
    bool same = checkpoint->count == made->count;
    for (size_t i = 0; same && i < made->count; ++i) {
        const ub_test_tensor* tensor = &made->tensor[i];
        const ub_checkpoint_tensor* found = ub_checkpoint_find(checkpoint, tensor->name);
        uint32_t shape[9];
        for (size_t k = 0; k < tensor->rank; ++k) {
            shape[k] = (uint32_t)tensor->shape[k];
        }
        float* values = (float*)calloc(tensor->count, sizeof(float));
        same =
            found && found->type == tensor->type &&
            (tensor->type != 1 || (ub_checkpoint_values(checkpoint, tensor->name, shape,
                                                        tensor->rank, values, err, sizeof(err)) &&
                                   !memcmp(values, tensor->values, 4 * tensor->count)));
        free(values);
    }
    return same;
}

static void
checksum_is_right(void** state)
{
    (void)state;
    const uint32_t crc = 0xE3069283U; // Of "123456789", RFC 3720 and everywhere
    assert_int_equal(ub_masked_crc32c((ub_bytes){(const uint8_t*)"123456789", 9}),
                     (crc >> 15 | crc << 17) + 0xA282EAD8U);
}

static void
numbers_are_read_to_their_limits(void** state)
{
    (void)state;
    static const struct {
        const char* bytes;
        size_t size;
        bool ok;
        uint64_t value;
    } cases[] = {
        {"\0", 1, true, 0},
        {"\x7F", 1, true, 127},
        {"\x80\x01", 2, true, 128},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10, true, UINT64_MAX},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10, false, 0},
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, false, 0},
        {"\x80", 1, false, 0},
        {"", 0, false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        ub_bytes bytes = {(const uint8_t*)cases[i].bytes, cases[i].size};
        uint64_t value = 0;
        assert_int_equal(ub_take_varint(&bytes, &value), cases[i].ok);
        assert_true(!cases[i].ok || (value == cases[i].value && !bytes.size));
    }
}

static void
checkpoints_are_read(void** state)
{
    (void)state;
    char err[256] = "";
    ub_checkpoint checkpoint;
    write_files();
    assert_true(read_copies(&checkpoint, index_file.size, data_file.size, err));
    assert_true(same_tensors(&checkpoint));
    assert_null(ub_checkpoint_find(&checkpoint, "conv2d"));
    ub_checkpoint_free(&checkpoint);
}

static void
truncated_checkpoints_are_refused(void** state)
{
    (void)state;
    ub_checkpoint checkpoint;
    write_files();
    for (size_t size = 0; size < index_file.size; ++size) {
        char err[256] = "";
        assert_false(read_copies(&checkpoint, size, data_file.size, err));
        check_message(err, "");
        ub_checkpoint_free(&checkpoint);
    }
    for (size_t size = 0; size < data_file.size; size += 997) {
        char err[256] = "";
        assert_false(read_copies(&checkpoint, index_file.size, size, err));
        check_message(err, "lies beyond the end of the data (is it truncated?)");
        ub_checkpoint_free(&checkpoint);
    }
}

static void
no_changed_byte_of_the_index_is_believed(void** state)
{
    (void)state;
    ub_checkpoint checkpoint;
    write_files();
    for (size_t i = 0; i < index_file.size; ++i) {
        char err[256] = "";
        index_file.bytes[i] ^= (uint8_t)(1U << i % 8);
        if (read_copies(&checkpoint, index_file.size, data_file.size, err)) {
            assert_true(same_tensors(&checkpoint)); // Some bytes of the footer are of no use
        } else {
            check_message(err, "");
        }
        ub_checkpoint_free(&checkpoint);
        index_file.bytes[i] ^= (uint8_t)(1U << i % 8);
    }
}

static void
other_kinds_of_checkpoints_are_refused(void** state)
{
    (void)state;
    made->shards = 2;
    refused("data in 2 files, little endian (expected 1, little)");
    made->shards = 1;
    made->endian = 1;
    refused("data in 1 files, big endian");
    made->endian = 0;
    made->no_header = true;
    refused("no header");
    made->no_header = false;
    made->compress = 1;
    refused("compressed");
    made->compress = 0;
    const ub_test_tensor first = made->tensor[0];
    made->tensor[0] = made->tensor[1];
    made->tensor[1] = first;
    refused("batch_normalization/beta comes after batch_normalization/gamma");
}

static void
wrong_entries_are_refused(void** state)
{
    (void)state;
    ub_test_tensor* tensor = ub_test_tensor_of(made, "conv2d_7/bias");
    tensor->extra_size = 4;
    refused("tensor conv2d_7/bias: 12 bytes do not fit its shape");
    tensor->extra_size = UINT64_MAX - 8;
    refused("tensor conv2d_7/bias: lies beyond the end of the data");
    tensor->extra_size = 0;
    tensor->shape[0] = ((uint64_t)1 << 62) + 2; // Four times this is 8
    refused("tensor conv2d_7/bias: 8 bytes do not fit its shape");
    tensor->shape[0] = UINT64_MAX;
    refused("tensor conv2d_7/bias: 8 bytes do not fit its shape");
    tensor->shape[0] = 2;
    tensor->rank = 9;
    refused("tensor conv2d_7/bias: damaged");
}

static void
one_name_twice_is_refused(void** state)
{
    (void)state;
    snprintf(ub_test_tensor_of(made, "conv2d_8/bias")->name, 64, "conv2d_8/kernel");
    refused("conv2d_8/kernel comes after conv2d_8/kernel");
}

/// Add a block's restarts, none, and trailer; returns the size without the trailer
static size_t
end_block(ub_test_buffer* file, size_t begin)
{
    ub_test_put(file, "\0\0\0\0\0", 5);
    const ub_bytes block = {file->bytes + begin, file->size - begin};
    const uint32_t crc = ub_masked_crc32c(block);
    for (unsigned i = 0; i < 4; ++i) {
        ub_test_put(file, &(uint8_t){(uint8_t)(crc >> 8 * i)}, 1);
    }
    return block.size - 1;
}

/// A table whose only block, of less than 100 bytes, is this, must be refused
static void
block_refused(const char* entries, size_t size, const char* expected)
{
    char err[256] = "";
    char places[48] = "\0"; // and the footer, where the index's place stands second
    ub_checkpoint checkpoint;
    index_file.size = 0;
    ub_test_put(&index_file, entries, size);
    const char first[] = {0, 1, 2, 'k', 0, (char)end_block(&index_file, 0)};
    const size_t begin = index_file.size;
    ub_test_put(&index_file, first, sizeof(first));
    places[2] = (char)begin;
    places[3] = (char)end_block(&index_file, begin);
    memcpy(places + 40, "\x57\xFB\x80\x8B\x24\x75\x47\xDB", 8);
    ub_test_put(&index_file, places, sizeof(places));
    assert_false(read_copies(&checkpoint, index_file.size, 0, err));
    check_message(err, expected);
    ub_checkpoint_free(&checkpoint);
}

static void
wrong_blocks_are_refused(void** state)
{
    (void)state;
    write_files(); // Room
    block_refused("", 0, "no header");
    block_refused("\x01\x01\0x", 4, "an entry is cut short"); // shares what is not there
    block_refused("\0\x02\0x", 4, "an entry is cut short");
    block_refused("\0\x01\x01x", 4, "an entry is cut short");
    block_refused("\0\x01", 2, "an entry is cut short");
    block_refused("\0\x01\0\0", 4, "holds a zero");
    block_refused("\0\0\x02\x08\x01\0\x01\0x\0\x01\0x", 13, "x comes after x");
}

static void
wrong_tensors_are_refused(void** state)
{
    (void)state;
    static const uint32_t shape[] = {2};
    static const char name[] = "conv2d_7/bias";
    ub_test_tensor* tensor = ub_test_tensor_of(made, name);
    tensor_refused("conv2d_77/bias", shape, 1, "tensor conv2d_77/bias is missing");
    tensor_refused(name, (const uint32_t[]){3}, 1, "tensor conv2d_7/bias: shape 2 (expected 3)");
    tensor_refused(name, (const uint32_t[]){2, 1}, 2, "shape 2 (expected 2x1)");
    tensor->values[1] = NAN;
    tensor_refused(name, shape, 1, "tensor conv2d_7/bias: value 1 is nan");
    tensor->values[1] = -INFINITY;
    tensor_refused(name, shape, 1, "value 1 is -inf");
    tensor->values[1] = 0.0f;
    tensor->wrong_crc = true;
    tensor_refused(name, shape, 1, "tensor conv2d_7/bias: damaged: its checksum differs");
    tensor->wrong_crc = false;
    tensor->type = 2;
    tensor_refused(name, shape, 1, "type 2 (expected 1");
    tensor->type = 1;
    tensor->sliced = true;
    tensor_refused(name, shape, 1, "in pieces");
    tensor->sliced = false;
    tensor->shard = 1;
    tensor_refused(name, shape, 1, "in pieces");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_is_right),
        cmocka_unit_test(numbers_are_read_to_their_limits),
        cmocka_unit_test_setup_teardown(checkpoints_are_read, make, free_all),
        cmocka_unit_test_setup_teardown(truncated_checkpoints_are_refused, make, free_all),
        cmocka_unit_test_setup_teardown(no_changed_byte_of_the_index_is_believed, make, free_all),
        cmocka_unit_test_setup_teardown(other_kinds_of_checkpoints_are_refused, make, free_all),
        cmocka_unit_test_setup_teardown(wrong_entries_are_refused, make, free_all),
        cmocka_unit_test_setup_teardown(one_name_twice_is_refused, make, free_all),
        cmocka_unit_test_setup_teardown(wrong_blocks_are_refused, make, free_all),
        cmocka_unit_test_setup_teardown(wrong_tensors_are_refused, make, free_all),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
