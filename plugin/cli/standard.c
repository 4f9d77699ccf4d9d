// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/standard.h"

#include "plugin/cli/print.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void
ub_standard_hold(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (fcntl(fd, F_GETFD) < 0) { // The lowest that is free is what open takes
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

bool
ub_standard_flush(void)
{
    const bool whole = !fflush(stdout) && !ferror(stdout);
    if (!whole) {
        ub_print_error("standard output cannot be written");
    }
    return whole;
}
