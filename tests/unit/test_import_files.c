// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* A checkpoint's files in folders and archives, whole, cut short, and too many. */

#include "model/import/files.h"
#include "tests/unit/make_checkpoint.h"
#include "tests/unit/make_model.h"

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define INDEX "model.index"
#define DATA  "model.data-00000-of-00001"

static char folder[] = "/tmp/unbraid-test-XXXXXX";
static char path[256]; ///< Of what is read

static void
in_folder(const char* name)
{
    snprintf(path, sizeof(path), "%s/%s", folder, name);
}

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
    static const char* const names[] = {INDEX, DATA, "other.index", "archive", "._model.index"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        in_folder(names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void
save(const char* name, const void* bytes, size_t size)
{
    in_folder(name);
    ub_test_save(path, bytes, size);
}

static bool
read_path(ub_import_files* files, char* err)
{
    const bool ok = ub_import_files_read(files, path, err, 512);
    if (!ok && (strncmp(err, path, strlen(path)) || strchr(err, '\n'))) {
        fail_msg("message \"%s\" (expected one line that begins with the path)", err);
    }
    return ok;
}

/// Bytes that cannot be compressed
static uint8_t*
make_data(size_t size)
{
    uint64_t state = size;
    uint8_t* data = (uint8_t*)malloc(size);
    for (size_t i = 0; i < size; ++i) {
        data[i] = (uint8_t)(128.0 + 127.0 * ub_test_random(&state));
    }
    return data;
}

/// Both files must be there, with "index" in the one and these data in the other
static void
accepted(const char* index_name, const uint8_t* data, size_t data_size)
{
    char err[512] = "";
    ub_import_files files;
    if (!read_path(&files, err)) {
        fail_msg("refused: %s", err);
    }
    assert_string_equal(files.index.name, index_name);
    assert_int_equal(files.index.size, 5);
    assert_memory_equal(files.index.bytes, "index", 5);
    assert_int_equal(files.data.size, data_size);
    assert_memory_equal(files.data.bytes, data, data_size);
    ub_import_files_free(&files);
}

static void
refused(const char* expected)
{
    char err[512] = "";
    ub_import_files files;
    if (read_path(&files, err)) {
        fail_msg("accepted (expected: %s)", expected);
    }
    if (!strstr(err, expected)) {
        fail_msg("message \"%s\" (expected \"%s\")", err, expected);
    }
}

/** An archive that is being written. */
static struct archive* archive;

static void
begin_archive(int (*set_format)(struct archive*), bool gzip)
{
    in_folder("archive");
    archive = archive_write_new();
    set_format(archive);
    if (gzip) {
        archive_write_add_filter_gzip(archive);
    }
    assert_int_equal(archive_write_open_filename(archive, path), ARCHIVE_OK);
}

/// Add a file.  Bytes of NULL are zeros.
static void
add(const char* name, const void* bytes, size_t size)
{
    static const char zeros[1 << 20];
    struct archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)size);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    archive_entry_free(entry);
    for (size_t at = 0; at < size;) {
        const size_t part = size - at < sizeof(zeros) ? size - at : sizeof(zeros);
        assert_int_equal(archive_write_data(archive, bytes ? (const char*)bytes + at : zeros, part),
                         part);
        at += part;
    }
}

static void
end_archive(void)
{
    assert_int_equal(archive_write_free(archive), ARCHIVE_OK);
}

static void
archives_are_read(void** state)
{
    (void)state;
    const size_t size = 300000;
    uint8_t* data = make_data(size);
    for (unsigned kind = 0; kind < 3; ++kind) {
        begin_archive(kind == 2 ? archive_write_set_format_zip : archive_write_set_format_ustar,
                      kind == 0);
        add("2stems/checkpoint", "text", 4);
        add("2stems/._" INDEX, "hidden", 6); // As some systems put beside each file
        add("2stems/" DATA, data, size);
        add("2stems/" INDEX, "index", 5);
        add("2stems/model.meta", "more", 4);
        end_archive();
        accepted("2stems/" INDEX, data, size);
    }
    free(data);
}

static void
folders_are_read(void** state)
{
    (void)state;
    const size_t size = 300000;
    uint8_t* data = make_data(size);
    save(INDEX, "index", 5);
    save("._" INDEX, "hidden", 6);
    save(DATA, data, size);
    strcpy(path, folder);
    accepted(INDEX, data, size);
    save("other.index", "index", 5);
    strcpy(path, folder);
    refused("(expected one checkpoint)");
    in_folder(INDEX);
    unlink(path);
    strcpy(path, folder);
    refused("holds other.index and " DATA " (expected files of one checkpoint)");
    in_folder("other.index");
    unlink(path);
    strcpy(path, folder);
    refused("holds no .index file (expected a checkpoint");
    in_folder(INDEX);
    assert_int_equal(mkfifo(path, 0600), 0);
    strcpy(path, folder);
    refused(INDEX ": not a regular file");
    in_folder(INDEX);
    unlink(path);
    in_folder("nowhere");
    refused("nowhere: cannot be opened: No such file");
    free(data);
}

static void
archives_cut_short_are_refused(void** state)
{
    (void)state;
    uint8_t* data = make_data(30000);
    for (unsigned kind = 0; kind < 3; ++kind) {
        begin_archive(kind == 2 ? archive_write_set_format_zip : archive_write_set_format_ustar,
                      kind == 0);
        add(INDEX, "index", 5);
        add(DATA, data, 30000);
        end_archive();
        struct stat whole;
        assert_int_equal(stat(path, &whole), 0);
        // At the end of a tar are blocks of zeros, of which none is needed
        const off_t most = kind == 1 ? 31000 : whole.st_size * 9 / 10;
        for (off_t size = most; size >= 0; size = size ? size * 9 / 10 : -1) {
            assert_int_equal(truncate(path, size), 0);
            refused("");
        }
    }
    free(data);
}

static void
other_files_are_refused(void** state)
{
    (void)state;
    save("archive", "", 0);
    refused("");
    save("archive", "RIFFxxxxWAVE", 12);
    refused("cannot be read");
    begin_archive(archive_write_set_format_ustar, true);
    add("README", "text", 4);
    end_archive();
    refused("holds no .index file");
    begin_archive(archive_write_set_format_ustar, true);
    add("a/" INDEX, "index", 5);
    add("b/" INDEX, "index", 5);
    end_archive();
    refused("holds a/model.index and b/model.index (expected one checkpoint)");
    begin_archive(archive_write_set_format_ustar, true);
    add("a/" INDEX, "index", 5);
    add("b/" DATA, "data", 4);
    end_archive();
    refused("(expected files of one checkpoint)");
    strcpy(path, "/dev/null");
    refused("neither a folder nor a file");
}

static void
archives_without_end_are_refused(void** state)
{
    (void)state;
    begin_archive(archive_write_set_format_ustar, true);
    add(INDEX, NULL, 5 << 20);
    end_archive();
    refused("model.index: more than 4 MiB");
    begin_archive(archive_write_set_format_ustar, true);
    for (unsigned i = 0; i < 10001; ++i) {
        add("many", "", 0);
    }
    end_archive();
    refused("more than 10000 files or 2 GiB");
}

static void
a_file_said_to_be_huge_is_not_unfolded(void** state)
{
    (void)state;
    char header[1024] = "huge"; // And a block of what is in it
    unsigned sum = 0;
    memcpy(header + 100, "0000644", 8);      // mode
    memcpy(header + 124, "77777777777", 12); // size, octal
    memcpy(header + 148, "        ", 8);     // checksum, not yet
    memcpy(header + 156, "0", 1);            // a regular file
    memcpy(header + 257, "ustar\00000", 8);
    for (unsigned i = 0; i < 512; ++i) {
        sum += (unsigned char)header[i];
    }
    snprintf(header + 148, 8, "%06o", sum);
    save("archive", header, sizeof(header));
    refused("more than 10000 files or 2 GiB");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(archives_are_read, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(folders_are_read, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(archives_cut_short_are_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(other_files_are_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(archives_without_end_are_refused, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_file_said_to_be_huge_is_not_unfolded, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests_name("import_files", tests, NULL, NULL);
}
