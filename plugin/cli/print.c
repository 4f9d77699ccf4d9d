// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/print.h"

#include "model/file/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
ub_print_error(const char* format, ...)
{
    va_list args;
    char* line = NULL;
    va_start(args, format);
    if (vasprintf(&line, format, args) >= 0) {
        ub_make_one_line(line);
        fprintf(stderr, "unbraid: %s\n", line);
        free(line);
    }
    va_end(args);
}

void
ub_print_json(json_t* object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
    putchar('\n');
    fflush(stdout);
    json_decref(object);
}

json_t*
ub_json_text(const char* text)
{
    json_t* value = json_string(text);
    if (value) {
        return value;
    }
    char* copy = strdup(text);
    for (char* c = copy; c && *c; ++c) {
        if ((unsigned char)*c >= 0x80) {
            *c = '?';
        }
    }
    value = json_string(copy);
    free(copy);
    return value;
}

json_t*
ub_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
