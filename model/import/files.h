// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_IMPORT_FILES_H
#define UB_MODEL_IMPORT_FILES_H

/**
   @file
   The two files of a checkpoint, from a folder or an archive, in memory.

   Archives are tar, with gzip or without, and zip (which Python's wheels are).
   What is in an archive is counted as it unfolds: files larger than any
   checkpoint that is known, and archives that have no end, are refused.
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One file. */
typedef struct {
    char* name; ///< In the folder or archive, NULL if there is none
    uint8_t* bytes;
    size_t size;
} ub_import_file;

typedef struct {
    ub_import_file index; ///< NAME.index
    ub_import_file data;  ///< NAME.data-00000-of-00001
} ub_import_files;

/// Read both from a folder or an archive.  False with one line in err, that begins with the path.
bool ub_import_files_read(ub_import_files* files, const char* path, char* err, size_t err_size);

void ub_import_files_free(ub_import_files* files);

#endif // UB_MODEL_IMPORT_FILES_H
