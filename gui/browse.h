// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_BROWSE_H
#define UB_GUI_BROWSE_H

/**
   @file
   A folder's weights files and folders, for choosing one.
*/

#include <stdbool.h>
#include <stdint.h>

#define UB_BROWSE_ENTRIES 256

typedef struct {
    char name[256];
    bool folder;
} ub_browse_entry;

typedef struct {
    char folder[1024]; ///< "": nothing is looked through
    ub_browse_entry* entry;
    uint32_t entries;
    bool more; ///< There are more than fit
} ub_browse;

/// Look through a folder: those in it and weights files, by name; hidden ones are left out.
/// False, and as before, if it cannot be read.
bool ub_browse_open(ub_browse* browse, const char* folder);

/// The folder above, or the one itself where there is none
void ub_browse_up(ub_browse* browse);

/// An entry's path.  False if it is too long.
bool ub_browse_path(const ub_browse* browse, uint32_t i, char* path, uint32_t size);

void ub_browse_close(ub_browse* browse);

#endif // UB_GUI_BROWSE_H
