// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_UI_TALK_H
#define UB_PLUGIN_LV2_UI_TALK_H

/**
   @file
   What the window and the plugin say to each other, as properties (see plugin/lv2/patch.h):
   nothing else, so the window may be in another process.
*/

#include "gui/report.h"
#include "plugin/lv2/patch.h"

#include <lv2/ui/ui.h>

typedef struct {
    ub_patch patch;
    LV2_URID event_transfer;
    LV2UI_Write_Function write;
    LV2UI_Controller controller;
    uint32_t port; ///< The plugin's, for messages to it
} ub_talk;

void ub_talk_init(ub_talk* talk, LV2_URID_Map* map, LV2UI_Write_Function write,
                  LV2UI_Controller controller, uint32_t port);

/// Ask for reports for the next seconds
void ub_talk_watch(ub_talk* talk);

/// Ask for all that the plugin says of itself
void ub_talk_get(ub_talk* talk);

/// Set the model; "" for the bundle's
void ub_talk_choose(ub_talk* talk, const char* path);

/// Tell the scale that somebody gave the window, 0 if it is to be the screen's again
void ub_talk_scale(ub_talk* talk, float scale);

/** What the plugin has said. */
typedef struct {
    const char* model;   ///< Its path, or NULL if this is not told
    const char* sources; ///< Their names, parted by commas, or NULL
    const char* message; ///< What went wrong, "" if nothing, or NULL
    float scale;         ///< Chosen for the window, 0 if this is not told
    bool report;         ///< Whether there is one in *into
} ub_talk_news;

/// Read what came from the plugin's port.  Texts last as long as the message.  Whatever is not
/// as it should be is left out.
ub_talk_news ub_talk_read(const ub_talk* talk, uint32_t size, const void* message, ub_report* into);

#endif // UB_PLUGIN_LV2_UI_TALK_H
