// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/file/error.h"

#include <stdarg.h>
#include <stdio.h>

void
ub_make_one_line(char* text)
{
    for (char* c = text; *c; ++c) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            *c = '?';
        }
    }
}

bool
ub_error(char* err, size_t err_size, const char* format, ...)
{
    if (!err || !err_size) {
        return false;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(err, err_size, format, args);
    va_end(args);
    ub_make_one_line(err);
    return false;
}
