// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_FILE_ERROR_H
#define UB_MODEL_FILE_ERROR_H

/**
   @file
   One-line error messages in a buffer of the caller's.
*/

#include <stdbool.h>
#include <stddef.h>

/// Write a message, cut to fit, with control characters made into '?' so that
/// names taken from a file cannot break the line.  Always returns false.
bool ub_error(char* err, size_t err_size, const char* format, ...)
    __attribute__((format(printf, 3, 4)));

/// Make each control character of a text into '?'.
void ub_make_one_line(char* text);

#endif // UB_MODEL_FILE_ERROR_H
