// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_MODEL_H
#define UB_PLUGIN_CLI_MODEL_H

/**
   @file
   Which model the command line uses.
*/

#include <stdbool.h>
#include <stddef.h>

#define UB_MODEL_FOLDERS 2    ///< The user's, and the bundle
#define UB_MODEL_PATH    4096 ///< Room for a path

/// Where models live; NULL for a folder that is not known.  The room keeps their names.
/// The folders that models are in, [0] the user's and [1] the bundle: each its path in the room, or
/// NULL if there is none.
void ub_model_folders(char room[UB_MODEL_FOLDERS][UB_MODEL_PATH],
                      const char* folders[UB_MODEL_FOLDERS]);

/**
   The path of the model to use: the chosen one, else the environment's
   UNBRAID_MODEL, each a file or the name of a model in these folders, else the
   default model beside the program, where LV2 bundles are installed.

   @param chosen NULL for none.
   @return False with one line in err that lists where the model was looked for.
*/
bool ub_model_path(const char* chosen, char* path, size_t size, char* err, size_t err_size);

/// Have the library for GPUs found beside the installed model, too.  Call before any other.
/// Have the library for GPUs looked for in the installed bundle, too; call before any model is
/// opened.
void ub_bundle_init(void);

#endif // UB_PLUGIN_CLI_MODEL_H
