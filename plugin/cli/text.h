// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_TEXT_H
#define UB_PLUGIN_CLI_TEXT_H

/**
   @file
   Text as it looks: columns of a terminal, characters of one or several bytes.
*/

#include <stddef.h>
#include <stdio.h>

/// Have characters be those of the user's locale, or UTF-8; call before any other.
void ub_text_init(void);

/// Columns of the terminal that the descriptor is, or 80
int ub_text_columns(int fd);

/// Copy what fits so many columns, whole characters, '?' for those that cannot be shown.
/// Returns the columns that it takes.
int ub_text_fit(const char* text, int columns, char* to, size_t size);

/// Print text that begins in column `indent`, wrapped between words, each line after the first
/// indented by as much, and a new line.
void ub_text_wrap(FILE* file, const char* text, int indent, int columns);

#endif // UB_PLUGIN_CLI_TEXT_H
