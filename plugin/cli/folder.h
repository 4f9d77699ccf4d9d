// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_FOLDER_H
#define UB_PLUGIN_CLI_FOLDER_H

#include <stdbool.h>

/// Make a folder and those that it lies in, where they are not there.  False, with errno, if one
/// cannot be made; that something else is in the last one's place is no reason.
bool ub_folder_make(const char* path);

#endif // UB_PLUGIN_CLI_FOLDER_H
