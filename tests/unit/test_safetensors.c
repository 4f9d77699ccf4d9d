// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Weights files that are broken in every way, and some thousand at random. */

#include "model/file/half.h"
#include "model/network/model.h"
#include "model/file/safetensors.h"
#include "tests/unit/make_model.h"

#include <jansson.h>
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

#define TRIALS 3000

static char path[UB_TEST_PATH_SIZE];

static void
write_bytes(const void* bytes, size_t size)
{
    FILE* out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
}

/// Write a file of a header and `size` bytes of data
static void
write_file(const char* header, const void* data, size_t size)
{
    const size_t length = strlen(header);
    char* bytes = (char*)calloc(1, 8 + length + size);
    assert_non_null(bytes);
    bytes[0] = (char)(length & 0xFF);
    bytes[1] = (char)(length >> 8);
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, data, size);
    write_bytes(bytes, 8 + length + size);
    free(bytes);
}

static char*
read_bytes(size_t* size)
{
    FILE* in = fopen(path, "rb");
    assert_non_null(in);
    char* bytes = (char*)malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, in);
    fclose(in);
    return bytes;
}

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
    unlink(path);
    return 0;
}

/// The file must be refused with one line that names it and holds a text
static void
refused(const char* expected)
{
    char err[512] = "";
    const ub_model* model = ub_model_open(path, err, sizeof(err));
    if (model) {
        ub_model_unref(model);
        fail_msg("accepted, but expected: %s", expected);
    }
    if (strncmp(err, path, strlen(path)) || !strstr(err, expected) || strchr(err, '\n')) {
        fail_msg("message \"%s\" (expected the path and \"%s\")", err, expected);
    }
}

static void
broken_headers_are_refused(void** state)
{
    (void)state;
    write_bytes("", 0);
    refused("not a safetensors file");
    write_bytes("RIFF\0", 5);
    refused("not a safetensors file");
    write_bytes("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10);
    refused("header of 18446744073709551615 bytes");
    write_bytes("\0\0\0\x01\0\0\0\0{}", 10);
    refused("header of 16777216 bytes");
    write_bytes("\x03\0\0\0\0\0\0\0{}", 10);
    refused("header of 3 bytes (expected 2 to 2)");
    write_file("hello", "", 0);
    refused("not a safetensors file: header");
    write_file("[]", "", 0);
    refused("not an object");
    write_file("{}", "", 0);
    refused("format is missing");
    write_file("{\"__metadata__\": {\"format\": \"pt\"}}", "", 0);
    refused("format is pt (expected unbraid)");
    write_file("{\"__metadata__\": {\"format\": \"unbraid\", \"format_version\": \"3\"}}", "", 0);
    refused("format_version is 3 (expected 1 or 2)");
    write_file("{\"__metadata__\": {\"format\": \"unbraid\", \"format_version\": \"1\"}}", "", 0);
    refused("network is missing");
}

static void
broken_entries_are_refused(void** state)
{
    (void)state;
    static const char* const entries[][2] = {
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 8]}}", "do not fit"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [4], \"data_offsets\": [0, 16]}}", "beyond"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 0]}}", "data_offsets"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [-4, 0]}}",
         "data_offsets"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 4]}}", "shape"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296], "
         "\"data_offsets\": [0, 0]}}",
         "shape"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1.0], \"data_offsets\": [0, 4]}}", "shape"},
        {"{\"a\": {\"dtype\": \"F31\", \"shape\": [2], \"data_offsets\": [0, 8]}}", "dtype"},
        {"{\"a\": {\"shape\": [2], \"data_offsets\": [0, 8]}}", "dtype"},
        {"{\"a\": 7}", "dtype"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}", "rest of the"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 8]}}", "begins at"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]},"
         " \"b\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 8]}}",
         "begins at"},
        {"{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]},"
         " \"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}",
         "duplicate"},
    };
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); ++i) {
        write_file(entries[i][0], "12345678", 8);
        refused(entries[i][1]);
    }
}

/// Put a text of the same length in the place of another
static void
patch(const char* from, const char* to)
{
    size_t size = 0;
    char* bytes = read_bytes(&size);
    char* at = (char*)memmem(bytes, size, from, strlen(from));
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    write_bytes(bytes, size);
    free(bytes);
}

static void
missing_tensor_is_named(void** state)
{
    (void)state;
    patch("\"encoder.1.bias\"", "\"encoder.1.bios\"");
    refused("tensor encoder.1.bias is missing");
}

static void
wrong_shape_is_named(void** state)
{
    (void)state;
    patch("\"shape\":[8,4,5,5]", "\"shape\":[4,8,5,5]");
    refused("tensor encoder.1.weight: shape 4x8x5x5 (expected 8x4x5x5)");
}

static void
wrong_type_is_named(void** state)
{
    (void)state;
    patch("\"encoder.0.bias\":{\"dtype\":\"F32\"", "\"encoder.0.bias\":{\"dtype\":\"I32\"");
    refused("tensor encoder.0.bias: dtype I32");
}

static void
truncated_file_is_refused(void** state)
{
    (void)state;
    size_t size = 0;
    char* bytes = read_bytes(&size);
    write_bytes(bytes, size - 1);
    refused("truncated");
    write_bytes(bytes, size / 2);
    refused("truncated");
    write_bytes(bytes, 8);
    refused("8 bytes (expected at least 10)");
    char* longer = (char*)calloc(1, size + 4);
    memcpy(longer, bytes, size);
    write_bytes(longer, size + 4);
    refused("the rest of the file");
    free(longer);
    free(bytes);
}

static void
values_that_are_not_finite_are_refused(void** state)
{
    (void)state;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    size_t size = 0;
    char* bytes = read_bytes(&size);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        memcpy(bytes + size - sizeof(float), &bad[i], sizeof(float));
        write_bytes(bytes, size);
        refused("tensor film.beta.bias: value 11 is");
    }
    free(bytes);
}

static void
negative_variance_is_refused(void** state)
{
    (void)state;
    char err[256] = "";
    ub_safetensors* file = ub_safetensors_open(path, err, sizeof(err));
    assert_non_null(file);
    ub_safetensors_close(file);
    size_t size = 0;
    char* bytes = read_bytes(&size);
    const uint32_t filters = 4;
    float var[4];
    ub_test_fill("encoder.0.norm.var", &filters, 1, 3, var);
    char* at = (char*)memmem(bytes, size, var, sizeof(var));
    assert_non_null(at);
    var[2] = -0.5f;
    memcpy(at, var, sizeof(var));
    write_bytes(bytes, size);
    refused("tensor encoder.0.norm.var: value 2 is -0.5 (expected at least 0)");
    free(bytes);
}

/* In version 2 a tensor's name says whose it is */
static void
tensors_of_several_networks_are_named(void** state)
{
    (void)state;
    json_t* root = json_load_file("tests/golden/films.json", 0, NULL);
    char* description = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (!description || !ub_test_write_network(path, description, 3)) {
        fail_msg("tests/golden/films.json cannot be used (is this the repository's root?)");
    }
    free(description);
    size_t size = 0;
    char* bytes = read_bytes(&size);
    patch("\"networks.1.decoder.2.bias\"", "\"networks.1.decoder.2.bios\"");
    refused("tensor networks.1.decoder.2.bias is missing");
    write_bytes(bytes, size);
    patch("\"networks.0.encoder.0.bias\":{\"dtype\":\"F32\",\"shape\":[4]",
          "\"networks.0.encoder.0.bias\":{\"dtype\":\"F32\",\"shape\":[5]");
    refused("tensor networks.0.encoder.0.bias: ");
    write_bytes(bytes, size);
    patch("\"format_version\":\"2\"", "\"format_version\":\"1\"");
    refused("metadata: network is of version 2 (expected 1)");
    const float nan = NAN;
    memcpy(bytes + size - sizeof(float), &nan, sizeof(float));
    write_bytes(bytes, size);
    refused("tensor networks.1.film.beta.bias: value ");
    write_bytes(bytes, size - 1);
    refused("truncated");
    free(bytes);
}

static void
tensor_too_many_is_refused(void** state)
{
    (void)state;
    size_t size = 0;
    char* bytes = read_bytes(&size);
    uint64_t length = 0;
    memcpy(&length, bytes, 8);
    // An empty tensor in the place of the padding, with the header grown to hold it
    static const char extra[] =
        ",\"extra\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    char* end = bytes + 8 + length;
    while (end[-1] != '}') {
        --end;
    }
    const size_t grown = (size_t)(end - bytes) - 9 + strlen(extra);
    char* out = (char*)malloc(size + sizeof(extra));
    memcpy(out, bytes, (size_t)(end - bytes) - 1);
    memcpy(out, &(uint64_t){grown}, 8);
    memcpy(out + (end - bytes) - 1, extra, strlen(extra));
    memcpy(out + 8 + grown, bytes + 8 + length, size - 8 - length);
    write_bytes(out, size - length + grown);
    refused("tensor extra is no part of the network");
    free(out);
    free(bytes);
}

static void
odd_files_are_refused(void** state)
{
    (void)state;
    unlink(path);
    refused("No such file");
    assert_int_equal(mkfifo(path, 0600), 0);
    refused("not a regular file"); // and does not wait for a writer
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refused("not a regular file");
    rmdir(path);
}

static void
halves_are_exact(void** state)
{
    (void)state;
    static const struct {
        uint16_t bits;
        float value;
    } halves[] = {{0x0000, 0.0f},          {0x3C00, 1.0f},        {0xC000, -2.0f},
                  {0x7BFF, 65504.0f},      {0x0400, 0x1p-14f},    {0x0001, 0x1p-24f},
                  {0x83FF, -0x1.ff8p-15f}, {0x3555, 0x1.554p-2f}, {0x7C00, INFINITY}};
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); ++i) {
        assert_true(ub_float_from_f16(halves[i].bits) == halves[i].value);
    }
    assert_true(isnan(ub_float_from_f16(0x7E00)));
    assert_true(signbit(ub_float_from_f16(0x8000)));
    assert_true(ub_float_from_bf16(0x3F80) == 1.0f);

    const uint16_t data[] = {0x3C00, 0xC000, 0x3F80, 0xC000};
    write_file("{\"a\": {\"dtype\": \"F16\", \"shape\": [2], \"data_offsets\": [0, 4]},"
               " \"b\": {\"dtype\": \"BF16\", \"shape\": [2], \"data_offsets\": [4, 8]}}",
               data, sizeof(data));
    char err[256] = "";
    ub_safetensors* file = ub_safetensors_open(path, err, sizeof(err));
    assert_non_null(file);
    const uint32_t two = 2;
    float a[2];
    float b[2];
    assert_true(ub_safetensors_read(file, "a", &two, 1, a, err, sizeof(err)));
    assert_true(ub_safetensors_read(file, "b", &two, 1, b, err, sizeof(err)));
    assert_true(a[0] == 1.0f && a[1] == -2.0f && b[0] == 1.0f && b[1] == -2.0f);
    ub_safetensors_close(file);
}

/// Files with some bytes changed are either refused with a message or sound
static void
random_damage_is_survived(void** state)
{
    (void)state;
    size_t size = 0;
    char* good = read_bytes(&size);
    char* bytes = (char*)malloc(size);
    uint64_t header = 0;
    memcpy(&header, good, 8);
    uint64_t random = 1;
    unsigned accepted = 0;
    for (unsigned i = 0; i < TRIALS; ++i) {
        memcpy(bytes, good, size);
        const unsigned changes = 1 + (unsigned)((ub_test_random(&random) + 1.0) * 3.0);
        for (unsigned k = 0; k < changes; ++k) {
            const double at = (ub_test_random(&random) + 1.0) / 2.0;
            bytes[(size_t)(at * (double)(8 + header))] ^= (char)(1 << (k + i) % 8);
        }
        const double cut = ub_test_random(&random);
        write_bytes(bytes, cut > 0.9 ? (size_t)((cut - 0.9) * 9.9 * (double)size) : size);
        char err[256] = "";
        const ub_model* model = ub_model_open(path, err, sizeof(err));
        assert_true(model || (err[0] && !strchr(err, '\n')));
        accepted += model != NULL;
        ub_model_unref(model);
    }
    assert_true(accepted < TRIALS / 2);
    free(bytes);
    free(good);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_file, remove_file)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(broken_headers_are_refused),   TEST(broken_entries_are_refused),
        TEST(missing_tensor_is_named),      TEST(tensors_of_several_networks_are_named),
        TEST(wrong_shape_is_named),         TEST(wrong_type_is_named),
        TEST(truncated_file_is_refused),    TEST(values_that_are_not_finite_are_refused),
        TEST(negative_variance_is_refused), TEST(tensor_too_many_is_refused),
        TEST(odd_files_are_refused),        TEST(halves_are_exact),
        TEST(random_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
