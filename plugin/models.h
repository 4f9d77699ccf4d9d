// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_MODELS_H
#define UB_PLUGIN_MODELS_H

/**
   @file
   Where weights files live, and what lies there: the bundle, and the user's
   folder, ${XDG_DATA_HOME:-~/.local/share}/unbraid/models.

   A model's name is its file's without ".safetensors".  Listing reads no
   weights, only what files say of themselves.  Never for an audio thread.
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UB_MODEL_SUFFIX ".safetensors"

/** A weights file that was found. */
typedef struct {
    char* name;
    char* path;
    uint64_t size; ///< bytes
    char* sources; ///< Their names with spaces between, in the model's order
    char* card;    ///< JSON text, "" if there is none
    char* trouble; ///< Why it cannot be used, NULL if it can, as far as is known
} ub_model_entry;

typedef struct {
    ub_model_entry* entries; ///< In order of folders, then of names
    size_t count;
} ub_model_list;

/// The user's folder; there need be none.  False if the environment does not tell, or too long.
bool ub_models_folder(char* path, size_t size);

/**
   List the models of folders; NULL among them, and what cannot be read, is left out.

   @return False without memory.  To be freed in either case.
*/
bool ub_models_list(ub_model_list* list, const char* const* folders, size_t n);

void ub_models_free(ub_model_list* list);

/// The path of a name's file, in the first of the folders that has it.  False if none has.
bool ub_models_find(const char* name, const char* const* folders, size_t n, char* path,
                    size_t size);

#endif // UB_PLUGIN_MODELS_H
