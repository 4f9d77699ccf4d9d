// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_PATCH_H
#define UB_PLUGIN_LV2_PATCH_H

/**
   @file
   Messages from and to the host: the model as a property that can be set and asked
   for (http://lv2plug.in/ns/ext/patch), and what a window wants to know.
*/

#include "gui/report.h"

#include <lv2/atom/forge.h>
#include <lv2/urid/urid.h>

#include <stdbool.h>

#define UB_URI_MODEL   "urn:unbraid:model"
#define UB_URI_SOURCES "urn:unbraid:sources" ///< Its sources' names, parted by commas
#define UB_URI_MESSAGE "urn:unbraid:message" ///< What was said last, as why a file is refused
#define UB_URI_WATCH   "urn:unbraid:watch"   ///< Set: somebody watches for two seconds
#define UB_URI_SCALE   "urn:unbraid:scale"   ///< Of the window, a float, 0 for the screen's
#define UB_URI_REPORT  "urn:unbraid:report"  ///< ub_report, a vector of floats, then

typedef struct {
    LV2_URID atom_path;
    LV2_URID atom_string;
    LV2_URID atom_urid;
    LV2_URID atom_float;
    LV2_URID atom_vector;
    LV2_URID patch_get;
    LV2_URID patch_set;
    LV2_URID patch_property;
    LV2_URID patch_value;
    LV2_URID model;
    LV2_URID sources;
    LV2_URID message;
    LV2_URID watch;
    LV2_URID scale;
    LV2_URID report;
    LV2_Atom_Forge forge;
} ub_patch;

/// Map what messages are made of
void ub_patch_init(ub_patch* patch, LV2_URID_Map* map);

/** A message. */
typedef struct {
    LV2_URID verb;         ///< patch_get, patch_set or another
    LV2_URID property;     ///< 0 if it names none
    const LV2_Atom* value; ///< NULL if it has none
} ub_statement;

/// Read a message, which lies within its size; what does not nest in it is not there.  False
/// if it is none.  Real-time safe.
bool ub_patch_parse(const ub_patch* patch, const LV2_Atom* object, ub_statement* statement);

/// A scale that a window can have, 0 for any other value
float ub_patch_scale(const ub_patch* patch, const LV2_Atom* value);

/// A text or path that ends within its size, else NULL
const char* ub_patch_text(const ub_patch* patch, const LV2_Atom* value);

/** What the messages of a block ask for. */
typedef struct {
    const char* path; ///< The last model set, as long as the messages are there, or NULL
    bool get;         ///< Asked which model plays
    bool watch;       ///< Somebody watches
    float scale;      ///< Chosen for the window, 0: the screen's, -1: none was
} ub_request;

/// Real-time safe.
ub_request ub_patch_read(const ub_patch* patch, const LV2_Atom_Sequence* messages);

/** A block's news; what is NULL is not told. */
typedef struct {
    const char* path; ///< Of the model that plays
    const char* sources;
    const char* message;
    const float* scale;
    const ub_report* report;
} ub_news;

/// Write a block's messages, those that fit.  The sequence's size says how much room it has.
/// Real-time safe.
void ub_patch_write(ub_patch* patch, LV2_Atom_Sequence* messages, const ub_news* news);

#endif // UB_PLUGIN_LV2_PATCH_H
