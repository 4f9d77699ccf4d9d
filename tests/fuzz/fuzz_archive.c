// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Archives made up by libFuzzer.

    make fuzz && build/fuzz/tests/fuzz/fuzz_archive -max_len=65536 CORPUS [SEEDS...]
*/

#include "model/import/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    char err[256] = "";
    char path[64];
    ub_import_files files;
    const int fd = memfd_create("archive", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size) {
        if (ub_import_files_read(&files, path, err, sizeof(err))) {
            if (!files.index.name || !files.data.name) {
                abort();
            }
        } else if (strncmp(err, path, strlen(path)) || strchr(err, '\n')) {
            abort();
        }
        ub_import_files_free(&files);
    }
    close(fd);
    return 0;
}
