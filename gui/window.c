// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/window.h"

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

/// @param time s, when it happened: what comes all at once may not have been done at once
static ub_view_pointer
pointer(const ub_window* self, double x, double y, PuglMods state, double time)
{
    const double scale = scale_of(self);
    return (ub_view_pointer){x / scale, y / scale, (state & PUGL_MOD_SHIFT) != 0, time};
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

static bool
key(ub_window* self, const PuglKeyEvent* event)
{
    static const struct {
        uint32_t from;
        ub_view_key to;
    } keys[] = {{'\t', UB_KEY_TAB},
                {'\r', UB_KEY_ENTER},
                {PUGL_KEY_ESCAPE, UB_KEY_ESCAPE},
                {PUGL_KEY_BACKSPACE, UB_KEY_BACKSPACE},
                {PUGL_KEY_DELETE, UB_KEY_DELETE},
                {PUGL_KEY_UP, UB_KEY_UP},
                {PUGL_KEY_DOWN, UB_KEY_DOWN},
                {PUGL_KEY_LEFT, UB_KEY_LEFT},
                {PUGL_KEY_RIGHT, UB_KEY_RIGHT},
                {PUGL_KEY_PAGE_UP, UB_KEY_PAGE_UP},
                {PUGL_KEY_PAGE_DOWN, UB_KEY_PAGE_DOWN},
                {PUGL_KEY_HOME, UB_KEY_HOME},
                {PUGL_KEY_END, UB_KEY_END}};
    const bool shift = (event->state & PUGL_MOD_SHIFT) != 0;
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); ++i) {
        if (keys[i].from == event->key) {
            const bool back = keys[i].to == UB_KEY_TAB && shift;
            return ub_view_press_key(self->view, back ? UB_KEY_BACK_TAB : keys[i].to, shift);
        }
    }
    return false;
}

static bool
press(ub_window* self, const PuglButtonEvent* event)
{
    const ub_view_pointer at = pointer(self, event->x, event->y, event->state, event->time);
    puglGrabFocus(self->pugl); // hosts give it to nobody
    return event->button < 2 && ub_view_press(self->view, &at, event->button == 1);
}

/// Whether all of it is to be drawn anew
static bool
act(ub_window* self, const PuglEvent* event)
{
    ub_view_pointer at;
    switch (event->type) {
    case PUGL_BUTTON_PRESS:
        return press(self, &event->button);
    case PUGL_BUTTON_RELEASE:
        at = pointer(self, event->button.x, event->button.y, event->button.state,
                     event->button.time);
        return ub_view_release(self->view, &at);
    case PUGL_MOTION:
        at = pointer(self, event->motion.x, event->motion.y, event->motion.state,
                     event->motion.time);
        return ub_view_move(self->view, &at);
    case PUGL_SCROLL:
        at = pointer(self, event->scroll.x, event->scroll.y, event->scroll.state,
                     event->scroll.time);
        return ub_view_scroll(self->view, &at, event->scroll.dy);
    case PUGL_POINTER_OUT:
        return ub_view_leave(self->view);
    case PUGL_KEY_PRESS:
        return key(self, &event->key);
    case PUGL_TEXT:
        return ub_view_type(self->view, event->text.string);
    default:
        return false;
    }
}

static PuglStatus
on_event(PuglView* pugl, const PuglEvent* event)
{
    ub_window* const self = (ub_window*)puglGetHandle(pugl);
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
        if (act(self, event)) {
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
