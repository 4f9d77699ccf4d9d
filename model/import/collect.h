// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_IMPORT_COLLECT_H
#define UB_MODEL_IMPORT_COLLECT_H

/**
   @file
   How the two files of a checkpoint are picked out of many, for those that go
   through folders and archives.
*/

#include "model/import/files.h"

#include <sys/types.h>

/** A collection, as it grows. */
typedef struct {
    ub_import_files* files;
    const char* path; ///< Of the folder or archive
    char* err;
    size_t err_size;
} ub_collect;

/// Read up to `size` bytes: as many as returned, 0 at the end, -1 with a line in the collection
typedef ssize_t (*ub_collect_reader)(const ub_collect* collect, void* source, void* buffer,
                                     size_t size);

/// Whether a file of this name is one of the two
bool ub_collect_wants(const char* name);

/// Read one of the two.  False with one line in err.
bool ub_collect_file(const ub_collect* collect, const char* name, ub_collect_reader reader,
                     void* source);

/// Go through a folder.  False with one line in err.
bool ub_collect_folder(const ub_collect* collect);

/// Go through an archive.  False with one line in err.
bool ub_collect_archive(const ub_collect* collect);

#endif // UB_MODEL_IMPORT_COLLECT_H
