// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_ASIDE_H
#define UB_PLUGIN_CLI_ASIDE_H

/**
   @file
   Files that are written aside and get their names when all are complete.

   A file is written as a hidden one in the directory where it is to be, so that
   a rename puts it there whole.  The process has one set of them; if a signal
   ends it, they are removed.  For the main thread.
*/

#include <stdbool.h>
#include <stddef.h>

#define UB_MAX_ASIDES 16

/// Have the set removed when a signal ends the process; call before anything is added.
void ub_aside_init(void);

/// Add a file to the set.  Returns a descriptor, owned by the set, or -1.
int ub_aside_open(const char* path, char* err, size_t err_size);

/// Write all to disk, give all their names, and empty the set.  If one cannot have its name,
/// none gets it and older files are as they were.
bool ub_aside_commit(char* err, size_t err_size);

/// Remove all and empty the set.
void ub_aside_drop(void);

/// A nameless file to read and write, in TMPDIR or /var/tmp or /tmp.  -1 on failure.
int ub_aside_scratch(char* err, size_t err_size);

#endif // UB_PLUGIN_CLI_ASIDE_H
