// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

// The true length of sound in files whose beginnings misstate it.  Files of more than 4 GB are
// made with holes.

#include "plugin/cli/container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GB (1ll << 30)

static FILE* file;

static int
make_file(void** state)
{
    (void)state;
    return (file = tmpfile()) ? 0 : -1;
}

static int
close_file(void** state)
{
    (void)state;
    return fclose(file);
}

static void
put(const void* bytes, size_t n)
{
    assert_true(fwrite(bytes, 1, n, file) == n);
}

static void
put_number(uint64_t value, unsigned width, bool big_endian)
{
    for (unsigned i = 0; i < width; ++i) {
        fputc((int)(value >> (8 * (big_endian ? width - 1 - i : i)) & 255), file);
    }
}

/// A 16-bit stereo WAV that says so many bytes of sound; 44 bytes
static void
put_wav(uint64_t said)
{
    put("RIFF", 4);
    put_number(said + 36, 4, false);
    put("WAVEfmt ", 8);
    put_number(16, 4, false);
    put("\1\0\2\0\x44\xac\0\0\x10\xb1\2\0\4\0\x10\0", 16);
    put("data", 4);
    put_number(said, 4, false);
}

/// Something after so many bytes of sound, none of them a chunk's name
static void
put_behind(int64_t sound, const char* text, size_t n)
{
    fflush(file);
    assert_false(fseeko(file, sound, SEEK_CUR));
    put(text, n);
    fflush(file);
}

static ub_container
inspect(void)
{
    ub_container c;
    fflush(file);
    ub_container_inspect(fileno(file), &c);
    return c;
}

static void
grow(int64_t bytes)
{
    fflush(file);
    assert_false(ftruncate(fileno(file), ftello(file) + bytes));
}

static void
expect(int64_t promised, int64_t present, int64_t behind, bool patched)
{
    const ub_container c = inspect();
    assert_int_equal(c.promised, promised);
    assert_int_equal(c.present, present);
    assert_int_equal(c.behind, behind);
    assert_int_equal(c.patch[0].count > 0, patched);
    assert_false(c.cut);
}

static void
test_true(void** state)
{
    (void)state;
    put_wav(1000);
    grow(1000);
    expect(1000, 1000, 0, false);
    put_behind(1000, "LIST\4\0\0\0INFO", 12);
    expect(1000, 1000, 0, false);
    put("TAG", 3);
    expect(1000, 1000, 15, false);
}

static void
test_odd(void** state)
{
    (void)state;
    put_wav(999);
    put_behind(1000, "LIST\4\0\0\0INFO", 12); // The chunk after an odd one begins evenly
    expect(999, 999, 0, false);
}

static void
test_unknown(void** state)
{
    (void)state;
    const uint64_t said[] = {0, 0xFFFFFFFF, 0xFFFFFF00, 0x7FFFFFFF, 0x7FFFF000, 0x80000000};
    for (size_t i = 0; i < sizeof(said) / sizeof(*said); ++i) {
        rewind(file);
        put_wav(said[i]);
        grow(1000);
        expect(-1, 1000, 0, true);
    }
}

static void
test_nothing(void** state)
{
    (void)state;
    put_wav(0);
    expect(-1, 0, 0, false);
    put("LIST\4\0\0\0INFO", 12);
    expect(-1, 0, 0, false);
}

static void
test_cut(void** state)
{
    (void)state;
    put_wav(2000);
    grow(1000);
    expect(2000, 1000, 0, true);
}

static void
test_wrapped(void** state)
{
    (void)state;
    put_wav(GB); // Of 5 GB
    grow(5 * GB);
    expect(5 * GB, 5 * GB, 0, true);
    const ub_container c = inspect();
    assert_int_equal(c.end, 5 * GB + 44);
    assert_int_equal(c.patch[0].at, 40);
    assert_memory_equal(c.patch[0].bytes, "\xff\xff\xff\xff", 4);
    put_behind(5 * GB, "LIST\4\0\0\0INFO", 12);
    expect(5 * GB, 5 * GB, 0, true);
    put_behind(4 * GB, "x", 1); // Wrapped twice, and cut
    expect(9 * GB + 13, 9 * GB + 13, 0, true);
}

static void
test_rf64(void** state)
{
    (void)state;
    const uint64_t said[] = {5000, 0, UINT64_MAX};
    for (size_t i = 0; i < sizeof(said) / sizeof(*said); ++i) {
        rewind(file);
        put("RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0", 20);
        put_number(said[i] + 72, 8, false);
        put_number(said[i], 8, false);
        put("\0\0\0\0\0\0\0\0\0\0\0\0", 12);
        put("fmt \x10\0\0\0\1\0\2\0\x44\xac\0\0\x10\xb1\2\0\4\0\x10\0data\xff\xff\xff\xff", 32);
        grow(5000);
        expect(i ? -1 : 5000, 5000, 0, i);
        assert_true(!i || inspect().patch[0].at == 28);
    }
}

static void
test_aiff(void** state)
{
    (void)state;
    put("FORM\0\0\0\0AIFFCOMM\0\0\0\x12\0\2\0\0\0\0\0\x10\x40\x0e\xac\x44\0\0\0\0\0\0", 38);
    put("SSND\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    grow(4000);
    expect(-1, 4000, 0, true);
    const ub_container c = inspect();
    assert_memory_equal(c.patch[0].bytes, "\0\0\x0f\xa8", 4);
    assert_int_equal(c.patch[1].at, 4);
    assert_memory_equal(c.patch[1].bytes, "\0\0\x0f\xce", 4);
}

static void
test_caf(void** state)
{
    (void)state;
    put("caff\0\1\0\0data", 12);
    put_number(4004, 8, true);
    put("\0\0\0\0", 4);
    grow(3000);
    expect(4000, 3000, 0, true);
}

/// A page of 10 bytes, the last if so flagged
static void
put_page(int flags)
{
    put("OggS\0", 5);
    fputc(flags, file);
    put("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\nabcdefghij", 32);
}

static void
test_ogg(void** state)
{
    (void)state;
    put_page(2);
    assert_true(inspect().cut);
    put_page(4);
    assert_true(inspect().ended);
    assert_false(inspect().cut);
    put_behind(200000, "x", 1); // More than is looked at in one go
    assert_true(inspect().ended);
    grow(1 - 200001 - 2); // The last byte of the last page is not there
    assert_true(inspect().cut);
}

static void
test_others(void** state)
{
    (void)state;
    put("fLaC with more than that", 24);
    expect(-1, 0, 0, false);
    rewind(file);
    put("RIFF\0\0\0\0WAVEfmt \xff\xff\xff\x7f", 20); // No sound to be found
    expect(-1, 0, 0, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_file, close_file)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_true), TEST(test_odd),     TEST(test_unknown), TEST(test_nothing),
        TEST(test_cut),  TEST(test_wrapped), TEST(test_rf64),    TEST(test_aiff),
        TEST(test_caf),  TEST(test_ogg),     TEST(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
