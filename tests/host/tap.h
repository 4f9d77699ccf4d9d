// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_HOST_TAP_H
#define UB_TESTS_HOST_TAP_H

/**
   @file
   Results in the Test Anything Protocol, for programs that prove runs.
*/

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned ub_tap_tests;
static unsigned ub_tap_failures;

/// Report a test under a name in the manner of printf; returns whether it passed.
__attribute__((format(printf, 2, 3))) static inline bool
ub_ok(bool passed, const char* name, ...)
{
    va_list args;
    va_start(args, name);
    printf("%sok %u - ", passed ? "" : "not ", ++ub_tap_tests);
    vprintf(name, args);
    printf("\n");
    fflush(stdout);
    va_end(args);
    ub_tap_failures += !passed;
    return passed;
}

/// Print the plan, after the last test; returns main()'s value.
static inline int
ub_done(void)
{
    printf("1..%u\n", ub_tap_tests);
    return ub_tap_failures ? 1 : 0;
}

#endif // UB_TESTS_HOST_TAP_H
