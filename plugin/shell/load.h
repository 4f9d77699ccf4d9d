// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_LOAD_H
#define UB_PLUGIN_SHELL_LOAD_H

/**
   @file
   What a loader does under its lock: make a deck of what is asked for now, and offer it.  What
   cannot be is said to the host, and things stay as they are.  Not on the audio thread.
*/

#include "plugin/shell/loader.h"

/// Load a model, "" for the bundle's own.  What would be the same as before is only loaded if it is
/// to be `fresh`, as its file may have changed.  False if it cannot be.
bool ub_load(ub_loader* loader, const char* path, bool fresh);

/// A deck of the same model for blocks of another length, if its latency is another.  False if
/// there can be none.
bool ub_load_retimed(ub_loader* loader);

/// Hold a deck's model in place of the one before.  Also for before there is a lock.
void ub_load_hold(ub_loader* loader, const ub_deck* deck);

/// Note the path of a model.  The bundle's own is remembered as such: bundles move.
void ub_load_set_path(const ub_loader* loader, char to[UB_PATH_SIZE], const char* path);

#endif // UB_PLUGIN_SHELL_LOAD_H
