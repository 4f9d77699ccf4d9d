// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/state.h"

#include <math.h>
#include <string.h>

#define MARGIN   12.0
#define HEADER   44.0
#define ROW      30.0
#define GAP      8.0
#define SCALE_W  38.0 ///< Frequencies, left of the picture
#define SCALE_H  16.0 ///< Seconds, below it
#define STRIP_W  64.0
#define DECIBELS 28.0 ///< Wide, left of meters
#define METERS_W (DECIBELS + 40.0)
#define LIST_W   720.0
#define LIST_ROW 38.0
#define SIZE_W   112.0
#define SIZE_ROW 24.0

static void
add(ub_view* view, ub_view_item_kind kind, ub_view_control control, float value, int strip,
    ub_box box)
{
    if (view->items < UB_MAX_ITEMS) {
        view->item[view->items++] = (ub_view_item){kind, control, value, strip, box};
    }
}

/// All values of a control side by side
static void
add_choices(ub_view* view, ub_view_control control, ub_box box)
{
    if (!ub_view_has(view, control)) {
        return;
    }
    const ub_view_spec* const spec = &view->specs[control];
    const int n = (int)(spec->max - spec->min) + 1;
    const double w = (box.w - 2.0 * (n - 1)) / n;
    for (int i = 0; i < n; ++i) {
        const ub_box b = {box.x + i * (w + 2.0), box.y, w, box.h};
        add(view, UB_ITEM_CHOICE, control, spec->min + (float)i,
            control == UB_VIEW_SOURCE && i < n - 1 ? i : -1, b); // the last is the blend
    }
}

static void
add_if(ub_view* view, ub_view_item_kind kind, ub_view_control control, int strip, ub_box box)
{
    if (ub_view_has(view, control)) {
        add(view, kind, control, 0, strip, box);
    }
}

static void
header(ub_view* view)
{
    const double right = view->width - MARGIN;
    add(view, UB_ITEM_MODEL, UB_VIEW_CONTROLS, 0, -1, (ub_box){112, 9, 200, 26});
    add_if(view, UB_ITEM_SWITCH, UB_VIEW_ENABLED, -1, (ub_box){right - 62, 9, 62, 26});
    add(view, UB_ITEM_LATE, UB_VIEW_CONTROLS, 0, -1, (ub_box){right - 62 - 118, 9, 108, 26});
    add(view, UB_ITEM_STATUS, UB_VIEW_CONTROLS, 0, -1,
        (ub_box){324, 9, right - 62 - 128 - 324, 26});
}

/// Strips from the right edge of what is left for the picture; returns how wide they are
static double
strips(ub_view* view, double y, double h)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < UB_VIEW_STRIPS; ++i) {
        n += view->source[i][0] != '\0';
    }
    const double width = n * STRIP_W + DECIBELS;
    double x = view->width - MARGIN - METERS_W - GAP - width + DECIBELS;
    for (int i = 0, k = 0; i < UB_VIEW_STRIPS; ++i) {
        if (!view->source[i][0]) {
            continue;
        }
        const ub_view_control c = (ub_view_control)i;
        const bool fader = ub_view_has(view, UB_VIEW_LEVEL + c);
        const double top = y + 26, bottom = y + h - 24 - (fader ? 46 : 0);
        if (!k++) {
            add(view, UB_ITEM_SCALE, UB_VIEW_CONTROLS, 0, -1,
                (ub_box){x - DECIBELS, top, DECIBELS, bottom - top});
        }
        add(view, UB_ITEM_NAME, UB_VIEW_CONTROLS, 0, i, (ub_box){x, y, STRIP_W - 6, 20});
        if (fader) {
            add(view, UB_ITEM_FADER, UB_VIEW_LEVEL + c, 0, i,
                (ub_box){x + 2, top, 32, bottom - top});
            const double below = bottom + 28;
            add_if(view, UB_ITEM_SWITCH, UB_VIEW_MUTE + c, i, (ub_box){x, below, 27, 24});
            add_if(view, UB_ITEM_SWITCH, UB_VIEW_SOLO + c, i, (ub_box){x + 30, below, 27, 24});
        }
        add(view, UB_ITEM_METER, UB_VIEW_CONTROLS, 0, i,
            (ub_box){fader ? x + 38 : x + 18, top, fader ? 14 : 20, bottom - top});
        x += STRIP_W;
    }
    return n ? width + GAP : 0.0;
}

/// Four large buttons, and how much of each a blend has
static void
sources(ub_view* view, double y)
{
    const double w = view->width - 2 * MARGIN;
    add_choices(view, UB_VIEW_SOURCE, (ub_box){MARGIN, y, w, 40});
    uint32_t n = 0;
    for (uint32_t i = 0; i < UB_VIEW_STRIPS; ++i) {
        n += ub_view_has(view, UB_VIEW_BLEND + i);
    }
    const double each = w / (n + 1); // below the buttons, whose last is the blend itself
    for (uint32_t i = 0, k = 0; i < UB_VIEW_STRIPS; ++i) {
        if (ub_view_has(view, UB_VIEW_BLEND + i)) {
            add(view, UB_ITEM_SLIDER, UB_VIEW_BLEND + i, 0, (int)i,
                (ub_box){MARGIN + k++ * each, y + 46, each - GAP, ROW});
        }
    }
}

static void
sliders(ub_view* view, double y)
{
    static const ub_view_control order[] = {UB_VIEW_AMOUNT, UB_VIEW_STRENGTH, UB_VIEW_GAIN};
    double x = MARGIN;
    if (ub_view_has(view, UB_VIEW_MODE)) {
        add_choices(view, UB_VIEW_MODE, (ub_box){x, y, 150, ROW});
        x += 150 + GAP;
    }
    if (ub_view_has(view, UB_VIEW_CONSISTENCY)) {
        add(view, UB_ITEM_SWITCH, UB_VIEW_CONSISTENCY, 0, -1, (ub_box){x, y, 130, ROW});
        x += 130 + GAP;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < 3; ++i) {
        n += ub_view_has(view, order[i]);
    }
    const double w = n ? (view->width - MARGIN - x + GAP) / n : 0;
    for (uint32_t i = 0, k = 0; i < 3; ++i) {
        if (ub_view_has(view, order[i])) {
            add(view, UB_ITEM_SLIDER, order[i], 0, -1, (ub_box){x + k++ * w, y, w - GAP, ROW});
        }
    }
}

/// Response, the window's size and processor, which are set once
static void
setup(ub_view* view, double y)
{
    add_choices(view, UB_VIEW_RESPONSE, (ub_box){MARGIN + 66, y, 240, ROW});
    add(view, UB_ITEM_SIZE, UB_VIEW_CONTROLS, 0, -1,
        (ub_box){(view->width - SIZE_W) / 2 + 20, y, SIZE_W, ROW});
    add_choices(view, UB_VIEW_PROCESSOR, (ub_box){view->width - MARGIN - 180, y, 180, ROW});
}

void
ub_layout(ub_view* view, double width, double height)
{
    view->width = width;
    view->height = height;
    view->items = 0;
    header(view);
    const bool solo = ub_view_has(view, UB_VIEW_SOURCE);
    const double bottom = height - MARGIN - 2 * ROW - GAP - (solo ? 40 + 6 + ROW + GAP : 0);
    const double h = bottom - GAP - HEADER;
    const double meters = view->width - MARGIN - METERS_W;
    const double taken = solo ? 0.0 : strips(view, HEADER, h);
    add(view, UB_ITEM_PICTURE, UB_VIEW_CONTROLS, 0, -1,
        (ub_box){MARGIN, HEADER, meters - GAP - taken - MARGIN, h});
    add(view, UB_ITEM_SCALE, UB_VIEW_CONTROLS, 0, -1,
        (ub_box){meters, HEADER + 26, DECIBELS, h - 50});
    add(view, UB_ITEM_METER, UB_VIEW_CONTROLS, 0, -1,
        (ub_box){meters + DECIBELS, HEADER + 26, METERS_W - DECIBELS, h - 50});
    double y = bottom;
    if (solo) {
        sources(view, y);
        y += 40 + 6 + ROW + GAP;
    }
    sliders(view, y);
    setup(view, y + ROW + GAP);
}

int
ub_layout_find(const ub_view* view, double x, double y)
{
    for (uint32_t i = 0; i < view->items; ++i) {
        if (ub_box_has(&view->item[i].box, x, y)) {
            return (int)i;
        }
    }
    return -1;
}

ub_box
ub_layout_picture(const ub_box* item)
{
    return (ub_box){item->x + SCALE_W, item->y, item->w - SCALE_W, item->h - SCALE_H};
}

ub_box
ub_layout_list(const ub_view* view)
{
    const double rows = fmin((double)ub_list_rows(view), ub_list_seen(view));
    if (view->listing == UB_LIST_SIZES) {
        const double foot = view->height - MARGIN - ROW, h = rows * SIZE_ROW;
        return (ub_box){(view->width - SIZE_W) / 2 + 20, foot - 4 - h, SIZE_W, h};
    }
    return (ub_box){112, HEADER - 6, fmin(LIST_W, view->width - 124), rows * LIST_ROW};
}

int
ub_list_seen(const ub_view* view)
{
    const bool sizes = view->listing == UB_LIST_SIZES;
    const double room = view->height - HEADER - MARGIN - (sizes ? ROW : 0.0);
    return (int)(room / (sizes ? SIZE_ROW : LIST_ROW));
}
