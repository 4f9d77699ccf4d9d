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

/**
   The path of the model to use: the chosen one, else the environment's
   UNBRAID_MODEL, else the default model beside the program, where LV2 bundles
   are installed.

   @param chosen NULL for none.
   @return False with one line in err that lists where the model was looked for.
*/
bool ub_model_path(const char* chosen, char* path, size_t size, char* err, size_t err_size);

#endif // UB_PLUGIN_CLI_MODEL_H
