// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_PLAN_H
#define UB_PLUGIN_CLI_PLAN_H

/**
   @file
   Which files come out of which, settled before any work begins.
*/

#include <stdbool.h>
#include <stddef.h>

/**
   The path of one output: DIR/NAME.PART.SUFFIX.

   NAME is the input's without directory and suffix, "stdin" for "-".

   @param dir NULL for the input's own directory.
   @return To be freed, or NULL without memory.
*/
char* ub_output_path(const char* input, const char* dir, const char* part, const char* suffix);

/// Make the folder and those that it is to be in.  False with one line in err.
bool ub_plan_folder(const char* dir, char* err, size_t err_size);

/// Check that standard output is none of the inputs, [count].  False with one line in err.
bool ub_plan_standard(char* const* inputs, size_t count, char* err, size_t err_size);

/**
   Check that no output would replace an input or another output.

   @param inputs Paths, [count].
   @param outputs Paths, [count][each].
   @return False with one line in err.
*/
bool ub_plan_check(char* const* inputs, size_t count, char* const* outputs, size_t each, char* err,
                   size_t err_size);

#endif // UB_PLUGIN_CLI_PLAN_H
