// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_HOST_MESSAGES_H
#define UB_TESTS_HOST_MESSAGES_H

/**
   @file
   What a host needs to talk to a plugin about its model: a map of URIs, messages, and a
   log whose lines are kept.
*/

#include "tests/host/rig.h"

#include <lv2/urid/urid.h>

#include <stdbool.h>

/// A map for all plugins in the program, the way back, and what it gives
LV2_URID_Map* ub_urid_map(void);
LV2_URID_Unmap* ub_urid_unmap(void);
LV2_URID ub_urid(const char* uri);

/// The map and the log, to offer to a plugin
const LV2_Feature* const* ub_messages_features(void);

/// The last line logged as an error, "" after it was read.
const char* ub_messages_logged(void);

/// Have the next run() set a plugin's model.
void ub_messages_set(ub_rig* rig, const char* path);

/// Have the next run() say which model there is.
void ub_messages_get(ub_rig* rig);

/// The model that the last run() told of, or NULL.
const char* ub_messages_told(const ub_rig* rig);

/// What the last run() had to say to people, "" for nothing, or NULL if it was not told
const char* ub_messages_said(const ub_rig* rig);

#endif // UB_TESTS_HOST_MESSAGES_H
