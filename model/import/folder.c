// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/collect.h"

#include "model/file/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** A file that is open. */
typedef struct {
    const char* name;
    int fd;
} opened;

static ssize_t
read_some(const ub_collect* collect, void* source, void* buffer, size_t size)
{
    const opened* file = (const opened*)source;
    ssize_t n = 0;
    do {
        n = read(file->fd, buffer, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        ub_error(collect->err, collect->err_size, "%s: %s: cannot be read: %s", collect->path,
                 file->name, strerror(errno));
    }
    return n;
}

static bool
collect_from(const ub_collect* collect, int folder, const char* name)
{
    struct stat stat_of;
    // A pipe or device must not block here
    opened file = {name, openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    bool ok = false;
    if (file.fd < 0 || fstat(file.fd, &stat_of)) {
        ub_error(collect->err, collect->err_size, "%s: %s: cannot be opened: %s", collect->path,
                 name, strerror(errno));
    } else if (!S_ISREG(stat_of.st_mode)) {
        ub_error(collect->err, collect->err_size, "%s: %s: not a regular file", collect->path,
                 name);
    } else {
        ok = ub_collect_file(collect, name, read_some, &file);
    }
    if (file.fd >= 0) {
        close(file.fd);
    }
    return ok;
}

bool
ub_collect_folder(const ub_collect* collect)
{
    DIR* folder = opendir(collect->path);
    if (!folder) {
        return ub_error(collect->err, collect->err_size, "%s: cannot be opened: %s", collect->path,
                        strerror(errno));
    }
    bool ok = true;
    for (const struct dirent* entry = NULL; ok && (entry = readdir(folder));) {
        ok =
            !ub_collect_wants(entry->d_name) || collect_from(collect, dirfd(folder), entry->d_name);
    }
    closedir(folder);
    return ok;
}
