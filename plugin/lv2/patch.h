// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_PATCH_H
#define UB_PLUGIN_LV2_PATCH_H

/**
   @file
   Messages from and to the host: the model as a property that can be set and asked
   for (http://lv2plug.in/ns/ext/patch).
*/

#include <lv2/atom/forge.h>
#include <lv2/urid/urid.h>

#include <stdbool.h>

#define UB_URI_MODEL "urn:unbraid:model"

typedef struct {
    LV2_URID atom_path;
    LV2_URID atom_string;
    LV2_URID atom_urid;
    LV2_URID patch_get;
    LV2_URID patch_set;
    LV2_URID patch_property;
    LV2_URID patch_value;
    LV2_URID model;
    LV2_Atom_Forge forge;
} ub_patch;

/// Map what messages are made of
void ub_patch_init(ub_patch* patch, LV2_URID_Map* map);

/** What the messages of a block ask for. */
typedef struct {
    const char* path; ///< The last model set, as long as the messages are there, or NULL
    bool get;         ///< Asked which model plays
} ub_request;

/// Real-time safe.
ub_request ub_patch_read(const ub_patch* patch, const LV2_Atom_Sequence* messages);

/// Write a block's messages: which model plays, or none if path is NULL.  The
/// sequence's size says how much room it has.  Real-time safe.
void ub_patch_write(ub_patch* patch, LV2_Atom_Sequence* messages, const char* path);

#endif // UB_PLUGIN_LV2_PATCH_H
