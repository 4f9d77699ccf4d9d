// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_HOST_UI_RIG_H
#define UB_TESTS_HOST_UI_RIG_H

/**
   @file
   A host's side of a plugin's window, on an X server: it takes what the window writes and sends
   it events as a mouse and keys would.
*/

#include "tests/host/rig.h"

#include <X11/Xlib.h>
#include <lv2/ui/ui.h>

#define UB_UI_RATE  44100.0
#define UB_UI_BLOCK 1024

typedef struct {
    ub_rig* rig; ///< NULL if there is only the window
    const LV2UI_Descriptor* ui;
    LV2UI_Handle handle;
    Window window;
    uint32_t port; ///< Written last
    float value;
    unsigned writes;
    int touched; ///< Ports held
    unsigned touches;
    int width, height; ///< Asked for
    LV2UI_Touch touching;
    LV2UI_Resize resizing;
    _Alignas(8) uint8_t events[UB_RIG_MESSAGES]; ///< To the plugin, with the next run
    uint32_t size;
} ub_ui_host;

extern Display* ub_ui_display;
extern Window ub_ui_parent;      ///< That windows open in, the whole screen if not set otherwise
extern const char* ub_ui_bundle; ///< That windows are told of

/// Load the library in a bundle's folder, and open the display.  False with a line on standard
/// error.
bool ub_ui_load(const char* folder);

/// A plugin that does not run in real time.  Ends the program if there is none.
ub_rig* ub_ui_rig(const char* uri);

/// Open a window.
/// @param rig NULL: nothing of what is written goes to a plugin.
/// @param scale That the host asks for, 0: none.
bool ub_ui_open(ub_ui_host* h, ub_rig* rig, const char* uri, float scale);

/// Close it, and the plugin
void ub_ui_close(ub_ui_host* h);

/// What a host does all the time; for some seconds
int ub_ui_idle(ub_ui_host* h);
void ub_ui_idle_for(ub_ui_host* h, double seconds);

/// Give the window's messages to the plugin, run, and give the plugin's to the window
void ub_ui_run(ub_ui_host* h, float* const* in);

/// Press a button or let it go, at some time; move the pointer; press a key and let it go
void ub_ui_button(const ub_ui_host* h, int x, int y, unsigned button, bool down, unsigned long ms);
void ub_ui_move(const ub_ui_host* h, int x, int y);
void ub_ui_key(const ub_ui_host* h, KeySym symbol);

/// Click, and let the window take it
void ub_ui_click(ub_ui_host* h, int x, int y);

/// What is to be seen: a pixel, and all of it in a file
unsigned long ub_ui_pixel(const ub_ui_host* h, int x, int y);
void ub_ui_save(const ub_ui_host* h, const char* path);

/// A port's index
uint32_t ub_ui_port(const ub_rig* rig, const char* symbol);

#endif // UB_TESTS_HOST_UI_RIG_H
