// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/copy.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

static bool
write_all(int fd, const char* data, ssize_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, data, (size_t)size);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        const ssize_t done = n < 0 ? 0 : n;
        data += done;
        size -= done;
    }
    return true;
}

ub_copy_status
ub_copy(int from, int to)
{
    char buffer[65536];
    ssize_t n = 0;
    while ((n = read(from, buffer, sizeof(buffer))) != 0) {
        if (n < 0 && errno != EINTR) {
            return UB_NOT_READ;
        }
        if (!write_all(to, buffer, n)) {
            return UB_NOT_WRITTEN;
        }
    }
    return UB_COPIED;
}
