// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   Where the window of a plugin is on the screen, what lies where in it, and what is to be seen.

     window_places URI ROWS: the window's X11 number; then, in pixels of the screen, a line for
     each thing in it, and for the rows of its lists, that of the models being so long:
       KIND SYMBOL VALUE X Y W H MIN MAX DEFAULT
     window_places see X Y W H: how many pixels there are in the colour of what is amiss
*/

#include "gui/paint.h"
#include "plugin/shell/faces.h"

#include <X11/Xlib.h>
#include <X11/Xutil.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char* const kinds[] = {
    [UB_ITEM_PICTURE] = "picture", [UB_ITEM_CHOICE] = "choice", [UB_ITEM_SWITCH] = "switch",
    [UB_ITEM_SLIDER] = "slider",   [UB_ITEM_FADER] = "fader",   [UB_ITEM_METER] = "meter",
    [UB_ITEM_NAME] = "name",       [UB_ITEM_MODEL] = "model",   [UB_ITEM_LATE] = "late",
    [UB_ITEM_STATUS] = "status",   [UB_ITEM_SCALE] = "scale",   [UB_ITEM_SIZE] = "size",
};

/** The window, where the host has put it. */
typedef struct {
    Window window;
    int x, y;
    unsigned width, height;
} place;

/// The plugin's window among those below one; X11 gives them to nobody by name
static bool
find(Display* display, Window below, place* found)
{
    Window root, parent, *children = NULL;
    unsigned n = 0;
    XClassHint hint = {NULL, NULL};
    bool is = false;
    if (XGetClassHint(display, below, &hint)) {
        is = !strcmp(hint.res_class, "Unbraid");
        XFree(hint.res_name);
        XFree(hint.res_class);
    }
    if (is) {
        XWindowAttributes a;
        XGetWindowAttributes(display, below, &a);
        XTranslateCoordinates(display, below, a.root, 0, 0, &found->x, &found->y, &root);
        found->window = below;
        found->width = (unsigned)a.width;
        found->height = (unsigned)a.height;
        return a.map_state == IsViewable;
    }
    if (!XQueryTree(display, below, &root, &parent, &children, &n)) {
        return false;
    }
    for (unsigned i = 0; i < n && !is; ++i) {
        is = find(display, children[i], found);
    }
    if (children) {
        XFree(children);
    }
    return is;
}

static void
print(const place* at, double scale, const char* kind, const char* symbol, float value,
      const ub_box* b, const ub_view_spec* spec)
{
    printf("%s %s %g %.0f %.0f %.0f %.0f", kind, symbol, (double)value, at->x + b->x * scale,
           at->y + b->y * scale, b->w * scale, b->h * scale);
    if (spec) {
        printf(" %g %g %g", (double)spec->min, (double)spec->max, (double)spec->def);
    }
    printf("\n");
}

static void
print_items(const ub_view* view, const place* at, double scale)
{
    for (uint32_t i = 0; i < view->items; ++i) {
        const ub_view_item* const item = &view->item[i];
        const bool turns = item->control < UB_VIEW_CONTROLS;
        const char* const symbol =
            turns ? ub_parameters[ub_face_parameter(item->control)].symbol : "-";
        print(at, scale, kinds[item->kind], symbol, item->value, &item->box,
              turns ? &view->specs[item->control] : NULL);
    }
}

static void
print_rows(ub_view* view, const place* at, double scale, const char* kind, ub_view_listing listing)
{
    view->listing = listing;
    const ub_box list = ub_layout_list(view);
    const uint32_t n = ub_list_rows(view);
    for (uint32_t i = 0; i < n; ++i) {
        const ub_box row = {list.x, list.y + i * list.h / n, list.w, list.h / n};
        print(at, scale, kind, "-", (float)i, &row, NULL);
    }
}

static int
places(Display* display, const char* uri, uint32_t rows)
{
    const ub_shape* shape = NULL;
    for (uint32_t i = 0; i < UB_SHAPES; ++i) {
        shape = strcmp(ub_shapes[i].uri, uri) ? shape : &ub_shapes[i];
    }
    place at = {0};
    if (!shape || !find(display, DefaultRootWindow(display), &at)) {
        return 1;
    }
    ub_view_spec specs[UB_VIEW_CONTROLS];
    const ub_view_actions none = {0};
    ub_faces(shape, specs);
    ub_view* const view = ub_view_new(specs, &none);
    const double scale = ub_view_scale(view, at.width, at.height);
    ub_layout(view, at.width / scale, at.height / scale);
    view->models = rows - 1; // and a way to any other file
    printf("window %lu %u %u %g\n", at.window, at.width, at.height, scale);
    print_items(view, &at, scale);
    print_rows(view, &at, scale, "row", UB_LIST_MODELS);
    print_rows(view, &at, scale, "sizes", UB_LIST_SIZES);
    ub_view_free(view);
    return 0;
}

static bool
alike(unsigned long pixel, ub_colour c)
{
    const float rgb[3] = {c.r, c.g, c.b};
    bool is = true;
    for (int i = 0; i < 3; ++i) {
        const float part = (float)(pixel >> (16U - 8U * (unsigned)i) & 255U);
        is = is && fabsf(part - 255.0f * rgb[i]) < 8.0f;
    }
    return is;
}

static int
see(Display* display, int x, int y, unsigned w, unsigned h)
{
    XImage* const image =
        XGetImage(display, DefaultRootWindow(display), x, y, w, h, AllPlanes, ZPixmap);
    unsigned n = 0;
    for (int i = 0; image && i < (int)(w * h); ++i) {
        n += alike(XGetPixel(image, i % (int)w, i / (int)w), ub_alarm);
    }
    if (image) {
        XDestroyImage(image);
    }
    printf("%u\n", n);
    return !image;
}

int
main(int argc, char** argv)
{
    Display* const display = XOpenDisplay(NULL);
    int status = 2;
    if (display && argc == 3) {
        status = places(display, argv[1], (uint32_t)atoi(argv[2]));
    } else if (display && argc == 6 && !strcmp(argv[1], "see")) {
        status = see(display, atoi(argv[2]), atoi(argv[3]), (unsigned)atoi(argv[4]),
                     (unsigned)atoi(argv[5]));
    } else {
        fprintf(stderr, "window_places: expected URI ROWS, or see X Y W H, and a display\n");
    }
    if (display) {
        XCloseDisplay(display);
    }
    return status;
}
