// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_PRINT_H
#define UB_PLUGIN_CLI_PRINT_H

/**
   @file
   Lines for people and for programs.
*/

#include <jansson.h>

/// One line on standard error, "unbraid: ..."
void ub_print_error(const char* format, ...) __attribute__((format(printf, 1, 2)));

/// Print an object on one line of standard output and let go of it.
void ub_print_json(json_t* object);

/// A string, with '?' for each byte of one that is not UTF-8, as file names may be
json_t* ub_json_text(const char* text);

/// A number, or null if it is not finite
json_t* ub_json_real(double value);

#endif // UB_PLUGIN_CLI_PRINT_H
