// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_CHOICE_H
#define UB_PLUGIN_CLI_CHOICE_H

/**
   @file
   The devices and backends there are, and which one would compute.
*/

#include "model/engine/engine.h"

#include <jansson.h>

typedef struct {
    const char* backend; ///< Its name
    char why[512];       ///< Why it and no other, one line, or ""
} ub_choice;

/// Choose as for a song, by having an engine make the model ready.
/// False with one line in err.
bool ub_choose_backend(const ub_model* model, const char* asked, ub_choice* choice, char* err,
                       size_t err_size);

/// Print the devices and backends, those that are used marked.  choice may be NULL.
void ub_print_choice(const ub_choice* choice);

/// Add them to an object.
void ub_put_choice(json_t* object, const ub_choice* choice);

#endif // UB_PLUGIN_CLI_CHOICE_H
