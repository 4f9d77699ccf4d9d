// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/window.h"

#include "gui/events.h"
#include "gui/place.h"
#include "gui/state.h"

#include <pugl/cairo.h>
#include <pugl/pugl.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MIN_SCALE 0.75
#define MAX_SCALE 3.0
#define FRAME_S   0.04 ///< Between pictures

struct ub_window_s {
    ub_view* view;
    PuglWorld* world;
    PuglView* pugl;
    cairo_surface_t* canvas; // what is drawn on, as large as the window
    double width, height;    // pixels
    double ticked;           // s, when it was last drawn of its own accord
    ub_place place;          // that was asked for
    bool key_used;           // the last key was of use here
    bool closed;
};

static Display*
display_of(const ub_window* self)
{
    return (Display*)puglGetNativeWorld(self->world);
}

static double
scale_of(const ub_window* self)
{
    return ub_view_scale(self->view, self->width, self->height);
}

/// A canvas of the window's size.  It is in memory, not on the X server: there Cairo 1.16 keeps
/// some of each font's glyphs for ever after a display is closed.
static cairo_surface_t*
canvas_of(ub_window* self)
{
    const int w = (int)self->width, h = (int)self->height;
    if (self->canvas && (cairo_image_surface_get_width(self->canvas) != w ||
                         cairo_image_surface_get_height(self->canvas) != h)) {
        cairo_surface_destroy(self->canvas);
        self->canvas = NULL;
    }
    if (!self->canvas) {
        self->canvas = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    }
    return self->canvas;
}

static void
expose(ub_window* self, const PuglExposeEvent* event)
{
    cairo_surface_t* const canvas = canvas_of(self);
    cairo_t* const inner = cairo_create(canvas);
    cairo_rectangle(inner, event->x, event->y, event->width, event->height);
    cairo_clip(inner);
    ub_view_draw(self->view, inner, self->width, self->height);
    cairo_destroy(inner);
    cairo_t* const cr = (cairo_t*)puglGetContext(self->pugl);
    cairo_set_source_surface(cr, canvas, 0, 0);
    cairo_rectangle(cr, event->x, event->y, event->width, event->height);
    cairo_fill(cr);
}

/// Keys that nothing here has a use for are the host's, as the one that makes it play: it sees none
/// while a window that was clicked at has the keyboard
static void
hand_on_key(ub_window* self, const PuglEvent* event, bool used)
{
    const bool key = event->type == PUGL_KEY_PRESS;
    self->key_used = key ? used : self->key_used || used;
    const bool last = key ? ub_event_is_silent(&event->key) : event->type == PUGL_TEXT;
    if (last && !self->key_used && self->view->typing < 0 && !self->view->listing) {
        ub_event_hand_on(display_of(self), (Window)ub_window_native(self), &event->key);
    }
}

static PuglStatus
on_event(PuglView* pugl, const PuglEvent* event)
{
    ub_window* const self = (ub_window*)puglGetHandle(pugl);
    bool used;
    switch (event->type) {
    case PUGL_CONFIGURE:
        self->width = event->configure.width;
        self->height = event->configure.height;
        break;
    case PUGL_EXPOSE:
        expose(self, &event->expose);
        break;
    case PUGL_UNMAP:
        ub_view_let_go(self->view); // X11 tells of no release to what is not seen
        break;
    case PUGL_CLOSE:
        self->closed = true;
        break;
    default:
        used = ub_event_act(self->view, pugl, scale_of(self), event);
        hand_on_key(self, event, used);
        if (used) {
            puglPostRedisplay(pugl);
        }
    }
    return PUGL_SUCCESS;
}

static double
fit(double scale)
{
    return fmin(fmax(scale, MIN_SCALE), MAX_SCALE);
}

static bool
open(ub_window* self, uintptr_t parent, double scale)
{
    double w, h;
    ub_view_size(self->view, &w, &h);
    puglSetHandle(self->pugl, self);
    puglSetBackend(self->pugl, puglCairoBackend());
    puglSetEventFunc(self->pugl, on_event);
    puglSetViewHint(self->pugl, PUGL_RESIZABLE, 1);
    puglSetWindowTitle(self->pugl, "Unbraid");
    if (parent) {
        puglSetParentWindow(self->pugl, parent);
    }
    scale = scale > 0 ? fit(scale) : ub_window_screen_scale(self);
    self->width = ceil(w * scale);
    self->height = ceil(h * scale);
    puglSetSizeHint(self->pugl, PUGL_MIN_SIZE, (PuglSpan)(w * MIN_SCALE),
                    (PuglSpan)(h * MIN_SCALE));
    puglSetSizeHint(self->pugl, PUGL_DEFAULT_SIZE, (PuglSpan)self->width, (PuglSpan)self->height);
    return puglRealize(self->pugl) == PUGL_SUCCESS && puglShow(self->pugl) == PUGL_SUCCESS;
}

ub_window*
ub_window_new(ub_view* view, uintptr_t parent, double scale, char* err, size_t err_size)
{
    ub_window* const self = (ub_window*)calloc(1, sizeof(ub_window));
    if (!self) {
        snprintf(err, err_size, "window: out of memory");
        return NULL;
    }
    self->view = view;
    self->world = puglNewWorld(PUGL_MODULE, 0);
    self->pugl = self->world ? puglNewView(self->world) : NULL;
    if (self->world) {
        puglSetClassName(self->world, "Unbraid");
    }
    if (!self->pugl || !open(self, parent, scale)) {
        snprintf(err, err_size, "window: cannot be opened (expected an X11 display)");
        ub_window_free(self);
        return NULL;
    }
    return self;
}

void
ub_window_free(ub_window* window)
{
    if (window) {
        if (window->canvas) {
            cairo_surface_destroy(window->canvas);
        }
        if (window->pugl) {
            puglFreeView(window->pugl);
        }
        if (window->world) {
            puglFreeWorld(window->world);
        }
        free(window);
    }
}

double
ub_window_screen_scale(const ub_window* window)
{
    return fit(puglGetScaleFactor(window->pugl));
}

double
ub_window_largest_scale(const ub_window* window)
{
    Display* const display = display_of(window);
    const int screen = DefaultScreen(display);
    return fmax(
        ub_view_scale(window->view, DisplayWidth(display, screen), DisplayHeight(display, screen)),
        MIN_SCALE);
}

uintptr_t
ub_window_native(const ub_window* window)
{
    return (uintptr_t)puglGetNativeView(window->pugl);
}

void
ub_window_size(const ub_window* window, unsigned* width, unsigned* height)
{
    *width = (unsigned)window->width;
    *height = (unsigned)window->height;
}

void
ub_window_resize(ub_window* window, unsigned width, unsigned height)
{
    puglSetSize(window->pugl, width, height);
}

void
ub_window_ask(ub_window* window, unsigned width, unsigned height)
{
    ub_place_ask(&window->place, display_of(window), (Window)ub_window_native(window), width,
                 height, puglGetTime(window->world));
    puglSetSize(window->pugl, width, height);
}

double
ub_window_time(const ub_window* window)
{
    return puglGetTime(window->world);
}

/// What moves of its own accord, in pixels
static void
post_moving(ub_window* self)
{
    const ub_view* const view = self->view;
    const double scale = scale_of(self);
    for (uint32_t i = 0; i < view->items; ++i) {
        const ub_view_item* const item = &view->item[i];
        const bool moves = item->kind == UB_ITEM_PICTURE || item->kind == UB_ITEM_METER ||
                           item->kind == UB_ITEM_STATUS || item->kind == UB_ITEM_LATE;
        if (moves) { // and what stands around a meter
            const double x = fmax((item->box.x - 10) * scale, 0);
            const double y = fmax((item->box.y - 26) * scale, 0);
            puglPostRedisplayRect(self->pugl,
                                  (PuglRect){(PuglCoord)x, (PuglCoord)y,
                                             (PuglSpan)ceil((item->box.w + 20) * scale),
                                             (PuglSpan)ceil((item->box.h + 52) * scale)});
        }
    }
}

bool
ub_window_idle(ub_window* window)
{
    const double now = puglGetTime(window->world);
    if (now - window->ticked >= FRAME_S) {
        window->ticked = now;
        if (ub_view_tick(window->view, now)) {
            post_moving(window);
        }
    }
    const Window own = (Window)ub_window_native(window);
    if (ub_place_wait(&window->place, display_of(window), own, now)) {
        XMoveWindow(display_of(window), own, 0, 0);
        puglSetSize(window->pugl, window->place.width, window->place.height);
    }
    puglUpdate(window->world, 0.0);
    return !window->closed;
}
