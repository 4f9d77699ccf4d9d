// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_UI_UI_H
#define UB_PLUGIN_LV2_UI_UI_H

/**
   @file
   An LV2 user interface.  All of it on the host's thread for windows.
*/

#include "gui/window.h"
#include "plugin/lv2/ui/talk.h"
#include "plugin/shell/faces.h"

/** A window of an instance. */
typedef struct {
    const ub_shape* shape;
    ub_view_spec specs[UB_VIEW_CONTROLS];
    ub_view* view;
    ub_window* window;
    ub_talk talk;
    bool talks; ///< The host maps URIs
    LV2UI_Write_Function write;
    LV2UI_Controller controller;
    const LV2UI_Touch* touch;
    const LV2UI_Resize* resize;
    ub_view_status status;
    char bundle[1024];
    double wanted;  ///< Scale that the host has asked for, 0: none
    double scale;   ///< Of the window, as the plugin knows it or it was opened
    double resized; ///< s, when it was last another one
    double watched; ///< s, when it was last asked for reports
} ub_ui;

/// Give the window a scale
void ub_ui_scale(ub_ui* self, double scale);

/// What the host tells of a port, as in LV2UI_Descriptor
void ub_ui_port_event(LV2UI_Handle handle, uint32_t port, uint32_t size, uint32_t format,
                      const void* buffer);

#endif // UB_PLUGIN_LV2_UI_UI_H
