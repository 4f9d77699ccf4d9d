// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The window by itself, no plugin behind it: what a hand does in unlucky moments, and all that is
   drawn.  Quick enough to be looked at by valgrind.

     check_ui_hand BUNDLE
*/

#include "plugin/lv2/patch.h"
#include "plugin/lv2/ports.h"
#include "tests/host/messages.h"
#include "tests/host/tap.h"
#include "tests/host/ui_rig.h"

#include <X11/keysym.h>
#include <lv2/atom/util.h>

#include <math.h>
#include <string.h>

// On the slider "Amount" of the stereo plugin, at scale 1
#define AMOUNT_X 230
#define AMOUNT_Y 455

static uint32_t amount;

static void
open_window(ub_ui_host* h, const char* uri)
{
    if (!ub_ui_open(h, NULL, uri, 1.0f)) {
        ub_ok(false, "a window opens");
    }
    ub_ui_idle_for(h, 0.2);
}

static void
begin_drag(ub_ui_host* h)
{
    open_window(h, UB_URI_STEREO);
    ub_ui_button(h, AMOUNT_X, AMOUNT_Y, 1, true, 0);
    ub_ui_move(h, AMOUNT_X - 40, AMOUNT_Y);
    ub_ui_idle_for(h, 0.1);
    ub_ok(h->touched == 1 && h->port == amount && h->value < 0.9f, "a drag has begun");
}

/// A host that writes automation waits for the release
static void
check_let_go(void)
{
    ub_ui_host h;
    begin_drag(&h);
    ub_ui_close(&h);
    ub_ok(h.touched == 0, "what is dragged is let go when the window is closed");
    begin_drag(&h);
    XUnmapWindow(ub_ui_display, h.window);
    XSync(ub_ui_display, False);
    ub_ui_idle_for(&h, 0.1);
    ub_ok(h.touched == 0, "and when it is hidden");
    const unsigned writes = h.writes;
    ub_ui_move(&h, AMOUNT_X + 40, AMOUNT_Y);
    ub_ui_idle_for(&h, 0.1);
    ub_ok(h.writes == writes, "and stays where it was");
    ub_ui_close(&h);
}

static void
press_at(const ub_ui_host* h, unsigned long ms)
{
    ub_ui_button(h, AMOUNT_X, AMOUNT_Y, 1, true, ms);
    ub_ui_button(h, AMOUNT_X, AMOUNT_Y, 1, false, ms + 20);
}

/// A host may be too busy to hand on what was done until much later, and all of it at once
static void
check_double_click(void)
{
    ub_ui_host h;
    open_window(&h, UB_URI_STEREO);
    const float half = 0.5f;
    h.ui->port_event(h.handle, amount, sizeof(half), 0, &half);
    press_at(&h, 1000);
    press_at(&h, 2000);
    ub_ui_idle_for(&h, 0.1);
    ub_ok(h.writes == 0, "two clicks a second apart are two, if they come at once");
    press_at(&h, 2200);
    ub_ui_idle_for(&h, 0.1);
    ub_ok(h.writes == 1 && h.value == 1.0f, "a double click resets");
    ub_ui_close(&h);
}

/// Whether the host is given a key that was pressed in the window
static bool
is_given(ub_ui_host* h, KeySym key)
{
    XEvent event;
    ub_ui_key(h, key);
    ub_ui_idle_for(h, 0.1);
    const bool is = XCheckTypedWindowEvent(ub_ui_display, ub_ui_parent, KeyPress, &event);
    return is && event.xkey.keycode == XKeysymToKeycode(ub_ui_display, key) &&
           !XCheckTypedWindowEvent(ub_ui_display, ub_ui_parent, KeyPress, &event);
}

/// In a host's window: its keys are handed on, and room is made for another size
static void
check_host(void)
{
    ub_ui_host h;
    const Window screen = ub_ui_parent;
    ub_ui_parent = XCreateSimpleWindow(ub_ui_display, screen, 0, 0, 860, 520, 0, 0, 0);
    XMapWindow(ub_ui_display, ub_ui_parent);
    XSync(ub_ui_display, False);
    open_window(&h, UB_URI_STEREO);
    press_at(&h, 1000);
    ub_ok(is_given(&h, XK_space) && is_given(&h, XK_F5), "the host is given keys of no use here");
    ub_ok(!is_given(&h, XK_Home) && !is_given(&h, XK_Tab), "but none that are of use");
    press_at(&h, 5000);
    ub_ok(!is_given(&h, XK_5) && !is_given(&h, XK_a) && !is_given(&h, XK_Return),
          "nor any while a value is typed");
    ub_ui_click(&h, 450, 492); // the list of sizes
    ub_ui_click(&h, 450, 414); // 200 %
    ub_ui_idle_for(&h, 1.5);
    XWindowAttributes around, own;
    XGetWindowAttributes(ub_ui_display, ub_ui_parent, &around);
    XGetWindowAttributes(ub_ui_display, h.window, &own);
    ub_ok(around.width == 1720 && own.width == 1720 && around.height == own.height,
          "there is room for twice the size");
    ub_ui_click(&h, 900, 984);
    ub_ui_click(&h, 900, 924); // 300 %
    ub_ui_idle_for(&h, 1.5);
    XGetWindowAttributes(ub_ui_display, h.window, &own);
    ub_ok(own.width > 1720 && own.width <= DisplayWidth(ub_ui_display, 0) &&
              own.height <= DisplayHeight(ub_ui_display, 0),
          "and for as much as the screen has (%d x %d)", own.width, own.height);
    ub_ui_close(&h);
    XDestroyWindow(ub_ui_display, ub_ui_parent);
    ub_ui_parent = screen;
}

/// Give a window reports, as if a plugin played
static void
report(ub_ui_host* h, unsigned n)
{
    static ub_report report;
    static uint64_t buffer[UB_RIG_MESSAGES / 8];
    LV2_Atom_Sequence* const notes = (LV2_Atom_Sequence*)buffer;
    ub_patch patch;
    ub_patch_init(&patch, ub_urid_map());
    for (unsigned k = 0; k < n; ++k) {
        for (unsigned b = 0; b < UB_REPORT_BANDS; ++b) {
            report.mix[b] = -70.0f + 60.0f * sinf((float)(b + k) / 9.0f);
            report.heard[b] = report.mix[b] - 6.0f;
            report.owner[b] = (float)(b % 5) - 1.0f;
        }
        report.seconds = 1.0f / 42;
        report.peak[0] = report.peak[1] = 1.0f;
        report.source[k % UB_REPORT_SOURCES] = -10.0f;
        const ub_news news = {.path = k ? NULL : "/a/model.safetensors",
                              .sources = k ? NULL : "vocals,drums,bass,other",
                              .message = k ? NULL : "a file was refused",
                              .report = &report};
        notes->atom.size = sizeof(buffer) - sizeof(LV2_Atom);
        ub_patch_write(&patch, notes, &news);
        LV2_ATOM_SEQUENCE_FOREACH(notes, event)
        {
            h->ui->port_event(h->handle, 0, (uint32_t)sizeof(LV2_Atom) + event->body.size,
                              ub_urid(LV2_ATOM__eventTransfer), &event->body);
        }
    }
}

/// The pointer goes over all of it, presses each button and lets it go; keys
static void
work_all(ub_ui_host* h)
{
    static const KeySym keys[] = {XK_Tab,  XK_Up,     XK_1,      XK_period, XK_Return, XK_Home,
                                  XK_Next, XK_Delete, XK_Escape, XK_Tab,    XK_Return, XK_Down,
                                  XK_Down, XK_Return, XK_Return, XK_Escape};
    for (int y = 15; y < h->height; y += 30) {
        for (int x = 15; x < h->width; x += 60) {
            const unsigned button = (unsigned)(x / 60 % 5 + 1); // the wheel, too
            ub_ui_move(h, x, y);
            ub_ui_button(h, x, y, button, true, (unsigned long)(1000 * x + y));
            ub_ui_button(h, x, y, button, false, (unsigned long)(1000 * x + y));
        }
        ub_ui_idle(h);
    }
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); ++i) {
        ub_ui_key(h, keys[i]);
        ub_ui_idle(h);
    }
}

static void
check_all(void)
{
    static const char* const uris[] = {UB_URI_STEREO, UB_URI_STEMS, UB_URI_MIXER};
    for (unsigned i = 0; i < sizeof(uris) / sizeof(uris[0]); ++i) {
        ub_ui_host h;
        open_window(&h, uris[i]);
        report(&h, 60);
        work_all(&h);
        ub_ui_idle_for(&h, 0.1);
        ub_ui_close(&h);
        ub_ok(h.touches > 5 && !h.touched, "all of %s is worked", uris[i]);
    }
}

int
main(int argc, char** argv)
{
    if (argc != 2 || !ub_ui_load(argv[1])) {
        fprintf(stderr, "check_ui_hand: expected BUNDLE, and a display\n");
        return 2;
    }
    const ub_shape* const stereo = &ub_shapes[0];
    amount = ub_port_parameters(stereo);
    while (stereo->parameters[amount - ub_port_parameters(stereo)] != UB_AMOUNT) {
        ++amount;
    }
    check_let_go();
    check_double_click();
    check_host();
    check_all();
    XCloseDisplay(ub_ui_display);
    return ub_done();
}
