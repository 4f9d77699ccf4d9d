// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/collect.h"

#include "model/file/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_INDEX ((size_t)4 << 20)   ///< bytes; Spleeter's have 5 to 13 thousand
#define MAX_DATA  ((size_t)256 << 20) ///< bytes; Spleeter's have up to 197 million

static const char index_end[] = ".index";
static const char data_end[] = ".data-00000-of-00001";

/// Whether a name, without folders and not hidden, ends so
static bool
ends(const char* name, const char* end)
{
    const char* slash = strrchr(name, '/');
    const char* base = slash ? slash + 1 : name;
    const size_t n = strlen(base);
    const size_t k = strlen(end);
    return *base != '.' && n > k && !strcmp(base + n - k, end);
}

bool
ub_collect_wants(const char* name)
{
    return ends(name, index_end) || ends(name, data_end);
}

static bool
read_all(const ub_collect* collect, ub_import_file* file, size_t most, ub_collect_reader reader,
         void* source)
{
    size_t room = 0;
    for (;;) {
        if (file->size == room) {
            room = room ? 2 * room : (size_t)1 << 16;
            uint8_t* grown = (uint8_t*)realloc(file->bytes, room);
            if (!grown) {
                return ub_error(collect->err, collect->err_size, "%s: %s: out of memory",
                                collect->path, file->name);
            }
            file->bytes = grown;
        }
        const ssize_t n = reader(collect, source, file->bytes + file->size, room - file->size);
        if (n <= 0) {
            return n == 0;
        }
        file->size += (size_t)n;
        if (file->size > most) {
            return ub_error(collect->err, collect->err_size,
                            "%s: %s: more than %zu MiB (expected a checkpoint of Spleeter's)",
                            collect->path, file->name, most >> 20);
        }
    }
}

bool
ub_collect_file(const ub_collect* collect, const char* name, ub_collect_reader reader, void* source)
{
    const bool is_index = ends(name, index_end);
    ub_import_file* file = is_index ? &collect->files->index : &collect->files->data;
    if (file->name) {
        return ub_error(collect->err, collect->err_size,
                        "%s: holds %s and %s (expected one checkpoint)", collect->path, file->name,
                        name);
    }
    file->name = strdup(name);
    if (!file->name) {
        return ub_error(collect->err, collect->err_size, "%s: out of memory", collect->path);
    }
    return read_all(collect, file, is_index ? MAX_INDEX : MAX_DATA, reader, source);
}

/// Both files must be there and belong together
static bool
check_pair(const ub_collect* collect)
{
    const char* index = collect->files->index.name;
    const char* data = collect->files->data.name;
    if (!index || !data) {
        return ub_error(collect->err, collect->err_size,
                        "%s: holds no %s file (expected a checkpoint: NAME%s and NAME%s)",
                        collect->path, index ? data_end : index_end, index_end, data_end);
    }
    const size_t n = strlen(index) - strlen(index_end);
    return (n == strlen(data) - strlen(data_end) && !memcmp(index, data, n)) ||
           ub_error(collect->err, collect->err_size,
                    "%s: holds %s and %s (expected files of one checkpoint)", collect->path, index,
                    data);
}

bool
ub_import_files_read(ub_import_files* files, const char* path, char* err, size_t err_size)
{
    struct stat stat_of;
    const ub_collect collect = {files, path, err, err_size};
    *files = (ub_import_files){0};
    bool ok = false;
    if (stat(path, &stat_of)) {
        ub_error(err, err_size, "%s: cannot be opened: %s", path, strerror(errno));
    } else if (S_ISDIR(stat_of.st_mode)) {
        ok = ub_collect_folder(&collect) && check_pair(&collect);
    } else if (S_ISREG(stat_of.st_mode)) {
        ok = ub_collect_archive(&collect) && check_pair(&collect);
    } else {
        ub_error(err, err_size, "%s: neither a folder nor a file", path);
    }
    if (!ok) {
        ub_import_files_free(files);
    }
    return ok;
}

void
ub_import_files_free(ub_import_files* files)
{
    free(files->index.name);
    free(files->index.bytes);
    free(files->data.name);
    free(files->data.bytes);
    *files = (ub_import_files){0};
}
