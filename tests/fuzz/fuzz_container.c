// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Beginnings and ends of sound files made up by libFuzzer.

    make fuzz
    build/fuzz/tests/fuzz/fuzz_container FOLDER [SEEDS...]

  The first byte says how many GB of nothing lie between the two halves of the rest.
*/

#include "plugin/cli/container.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void
check(const ub_container* c, int64_t size)
{
    if (c->size && (c->size != size || c->end < 0 || c->end > size || c->present < 0 ||
                    c->present > size || c->promised < -1 || c->behind < 0 || c->behind > size)) {
        abort();
    }
    for (unsigned i = 0; i < UB_PATCHES; ++i) {
        if (c->patch[i].count > sizeof(c->patch[i].bytes) || c->patch[i].at < 0 ||
            c->patch[i].at + c->patch[i].count > size) {
            abort();
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (!size) {
        return 0;
    }
    const size_t half = (size - 1) / 2;
    const int64_t hole = (int64_t)(data[0] % 10) << 30;
    const int64_t end = (int64_t)(size - 1) + hole;
    const int fd = memfd_create("file", MFD_CLOEXEC);
    ub_container container;
    if (fd < 0 || ftruncate(fd, end) || pwrite(fd, data + 1, half, 0) < 0 ||
        pwrite(fd, data + 1 + half, size - 1 - half, (int64_t)half + hole) < 0) {
        abort();
    }
    ub_container_inspect(fd, &container);
    check(&container, end);
    close(fd);
    return 0;
}
