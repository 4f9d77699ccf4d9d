// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/place.h"

#define HOST_S 0.3 ///< That a host has to make room
#define LAST_S 1.0 ///< After which there is no more to come

Window
ub_place_parent(Display* display, Window window)
{
    Window root = None, parent = None, *children = NULL;
    unsigned n = 0;
    if (!XQueryTree(display, window, &root, &parent, &children, &n)) {
        return None;
    }
    if (children) {
        XFree(children);
    }
    return parent == root ? None : parent;
}

static bool
size_of(Display* display, Window window, unsigned* width, unsigned* height)
{
    Window root;
    int x, y;
    unsigned border, depth;
    return window && XGetGeometry(display, window, &root, &x, &y, width, height, &border, &depth);
}

/// The one of a host's windows that a window manager moves and resizes, or that nothing is around
static Window
outermost(Display* display, Window window)
{
    const Atom managed = XInternAtom(display, "WM_STATE", False);
    for (Window above = window; above; above = ub_place_parent(display, above)) {
        Atom type = None;
        int format;
        unsigned long n, rest;
        unsigned char* data = NULL;
        XGetWindowProperty(display, above, managed, 0, 0, False, AnyPropertyType, &type, &format,
                           &n, &rest, &data);
        if (data) {
            XFree(data);
        }
        window = above;
        if (type) {
            break;
        }
    }
    return window;
}

void
ub_place_ask(ub_place* place, Display* display, Window window, unsigned width, unsigned height,
             double now)
{
    unsigned w[2], h[2];
    *place = (ub_place){width, height, 0.0, false, false};
    if (size_of(display, window, &w[0], &h[0]) &&
        size_of(display, ub_place_parent(display, window), &w[1], &h[1])) {
        place->at = now;
        place->fills = w[0] == w[1] && h[0] == h[1];
    }
}

/// Ask the window around all for as much more than this, or less
static void
tell(ub_place* place, Display* display, Window parent, unsigned w, unsigned h)
{
    unsigned all_w, all_h;
    const Window all = outermost(display, parent);
    if (size_of(display, all, &all_w, &all_h)) {
        XResizeWindow(display, all, all_w + place->width - w, all_h + place->height - h);
        XFlush(display);
    }
    place->told = true;
}

bool
ub_place_wait(ub_place* place, Display* display, Window window, double now)
{
    unsigned w, h;
    if (place->at <= 0.0 || now - place->at < (place->told ? LAST_S : HOST_S)) {
        return false;
    }
    const Window parent = ub_place_parent(display, window);
    const bool there = size_of(display, parent, &w, &h);
    const bool lacks = there && (w < place->width || h < place->height);
    const bool spares = there && place->fills && (w != place->width || h != place->height);
    if (!place->told && (lacks || spares)) {
        tell(place, display, parent, w, h);
        return false;
    }
    place->at = 0.0;
    place->width = lacks ? w : place->width;
    place->height = lacks ? h : place->height;
    return lacks;
}
