// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/collect.h"

#include "model/file/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#define BLOCK       ((size_t)1 << 18) ///< bytes of the archive read at a time
#define MAX_MEMBERS 10000U
#define MAX_BYTES   ((int64_t)2 << 30) ///< Unfolded, files that are of no use too

static bool
fail(const ub_collect* collect, struct archive* archive)
{
    const char* why = archive_error_string(archive);
    return ub_error(collect->err, collect->err_size,
                    "%s: cannot be read: %s (expected a folder, .tar.gz, .zip or .whl)",
                    collect->path, why ? why : "damaged");
}

static ssize_t
read_some(const ub_collect* collect, void* source, void* buffer, size_t size)
{
    struct archive* archive = (struct archive*)source;
    const la_ssize_t n = archive_read_data(archive, buffer, size);
    if (n < 0) {
        fail(collect, archive);
        return -1;
    }
    return n;
}

static bool
collect_members(const ub_collect* collect, struct archive* archive)
{
    struct archive_entry* entry = NULL;
    for (unsigned members = 0;; ++members) {
        const int status = archive_read_next_header(archive, &entry);
        if (status == ARCHIVE_EOF) {
            return true;
        }
        if (status < ARCHIVE_WARN) {
            return fail(collect, archive);
        }
        // What is skipped unfolds as well
        if (members == MAX_MEMBERS || archive_entry_size(entry) > MAX_BYTES ||
            archive_filter_bytes(archive, 0) > MAX_BYTES) {
            return ub_error(collect->err, collect->err_size,
                            "%s: more than %u files or 2 GiB (expected a checkpoint of Spleeter's)",
                            collect->path, MAX_MEMBERS);
        }
        const char* name = archive_entry_pathname(entry);
        const bool wanted = name && archive_entry_filetype(entry) == AE_IFREG &&
                            !archive_entry_hardlink(entry) && ub_collect_wants(name);
        if (wanted && !ub_collect_file(collect, name, read_some, archive)) {
            return false;
        }
    }
}

bool
ub_collect_archive(const ub_collect* collect)
{
    struct archive* archive = archive_read_new();
    if (!archive) {
        return ub_error(collect->err, collect->err_size, "%s: out of memory", collect->path);
    }
    // Only what the originals come in: some of the library's filters run other programs
    archive_read_support_filter_gzip(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    const bool ok = archive_read_open_filename(archive, collect->path, BLOCK) == ARCHIVE_OK
                        ? collect_members(collect, archive)
                        : fail(collect, archive);
    archive_read_free(archive);
    return ok;
}
