// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  The picture with its scales, what stands in the header, the list, and all of it together.
*/

#include "gui/draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void
rule(cairo_t* cr, double x0, double y0, double x1, double y1)
{
    cairo_set_line_width(cr, 1.0);
    ub_paint_colour(cr, ub_text, 0.10);
    cairo_move_to(cr, floor(x0) + 0.5, floor(y0) + 0.5);
    cairo_line_to(cr, floor(x1) + 0.5, floor(y1) + 0.5);
    cairo_stroke(cr);
}

static void
frequencies(cairo_t* cr, const ub_box* p)
{
    static const struct {
        float hertz;
        const char* text;
    } marks[] = {{50, "50"},   {100, "100"}, {200, "200"},   {500, "500"}, {1000, "1k"},
                 {2000, "2k"}, {5000, "5k"}, {10000, "10k"}, {20000, "Hz"}};
    for (unsigned i = 0; i < sizeof(marks) / sizeof(marks[0]); ++i) {
        const double y = p->y + p->h * (double)ub_picture_row(marks[i].hertz);
        const ub_box text = {p->x - 38, fmax(y - 8, p->y), 33, 16};
        ub_paint_text(cr, &text, marks[i].text, 10, false, UB_RIGHT, ub_faint);
        rule(cr, p->x, y, p->x + p->w, y);
    }
}

static void
seconds(cairo_t* cr, const ub_box* p)
{
    for (int s = 0; s <= 12; s += 2) {
        const double x = p->x + p->w * (1 - s / (double)ub_picture_span());
        char text[12];
        snprintf(text, sizeof(text), s ? "-%d s" : "now", s);
        if (x >= p->x) {
            const ub_box at = {fmin(x - 20, p->x + p->w - 40), p->y + p->h + 1, 40, 15};
            ub_paint_text(cr, &at, text, 10, false, s ? UB_CENTRE : UB_RIGHT, ub_faint);
        }
    }
}

/// Frequency and level under the pointer
static void
reading(cairo_t* cr, const ub_view* view, const ub_box* p)
{
    const ub_view_pointer* const at = &view->at;
    ub_picture_point point;
    const float x = (float)((at->x - p->x) / p->w), y = (float)((at->y - p->y) / p->h);
    if (view->hot < 0 || view->item[view->hot].kind != UB_ITEM_PICTURE ||
        !ub_picture_at(view->picture, x, y, &point)) {
        return;
    }
    char text[96];
    snprintf(text, sizeof(text), "%.0f Hz   %.1f s ago   mix %.0f dB   heard %.0f dB   %s",
             (double)point.hertz, (double)point.seconds, (double)point.mix, (double)point.heard,
             ub_picture_frozen(view->picture) ? "held" : "click: hold");
    const ub_box ground = {p->x + p->w - 382, p->y + p->h - 28, 374, 22};
    const ub_box inner = {ground.x + 8, ground.y, ground.w - 16, ground.h};
    ub_paint_box(cr, &ground, 4, ub_panel);
    ub_paint_text(cr, &inner, text, 11, false, UB_CENTRE, ub_text);
}

/// What the colours mean
static void
legend(cairo_t* cr, const ub_view* view, const ub_box* p)
{
    const bool solo = ub_view_has(view, UB_VIEW_SOURCE);
    const ub_box swatch = {p->x + 10, p->y + 13, 10, 10};
    const ub_box text = {p->x + (solo ? 25 : 10), p->y + 8, 100, 20};
    const ub_box grey = {p->x + (solo ? 72 : 118), p->y + 13, 10, 10};
    const ub_box rest = {grey.x + 15, p->y + 8, 94, 20};
    const ub_box ground = {p->x + 4, p->y + 7, rest.x + 101 - p->x - 4, 22};
    ub_paint_box(cr, &ground, 4, ub_panel);
    if (solo) {
        ub_paint_box(cr, &swatch, 2, ub_view_lit(view));
    }
    ub_paint_text(cr, &text, solo ? "heard" : "coloured: heard", 11, false, UB_LEFT, ub_text);
    ub_paint_box(cr, &grey, 2, (ub_colour){0.42f, 0.42f, 0.42f});
    ub_paint_text(cr, &rest, "rest of the mix", 11, false, UB_LEFT, ub_text);
    if (ub_picture_frozen(view->picture)) {
        const ub_box still = {p->x + p->w - 172, p->y + 7, 164, 22};
        ub_paint_box(cr, &still, 4, ub_alarm);
        ub_paint_text(cr, &still, "held; click to go on", 11, true, UB_CENTRE,
                      ub_paint_on(ub_alarm));
    }
}

void
ub_draw_picture(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const ub_box p = ub_layout_picture(&item->box);
    ub_picture_paint(d->view->picture, cr, p.x, p.y, p.w, p.h);
    frequencies(cr, &p);
    seconds(cr, &p);
    legend(cr, d->view, &p);
    reading(cr, d->view, &p);
    ub_paint_frame(cr, &p, 2, ub_edge);
}

void
ub_draw_status(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const ub_view_status* const s = &d->view->status;
    char text[320];
    if (s->message[0]) {
        snprintf(text, sizeof(text), "%s", s->message);
    } else if (s->rate > 0) {
        snprintf(text, sizeof(text), "%.0f ms (%.0f samples)   %s   load %.0f %%",
                 1000.0 * (double)s->latency / s->rate, (double)s->latency, s->computes,
                 (double)s->load);
    } else {
        snprintf(text, sizeof(text), "%.0f samples   %s   load %.0f %%", (double)s->latency,
                 s->computes, (double)s->load);
    }
    ub_paint_text(cr, &item->box, text, 11.5, false, UB_LEFT,
                  s->message[0] || s->trouble ? ub_alarm : ub_faint);
}

void
ub_draw_late(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const float late = fmaxf(d->view->status.late - d->view->late_from, 0.0f);
    char text[48];
    snprintf(text, sizeof(text), late > 0 ? "%.0f masks late" : "no mask late", (double)late);
    if (d->hot) {
        ub_paint_box(cr, &item->box, 4, ub_panel);
    }
    ub_paint_text(cr, &item->box, text, 11.5, late > 0, UB_CENTRE, late > 0 ? ub_alarm : ub_faint);
}

/// A button that opens a list
static void
opener(cairo_t* cr, const ub_draw* d, const ub_box* b, const char* name, ub_colour colour)
{
    ub_paint_box(cr, b, 4, d->hot ? ub_raised : ub_panel);
    const ub_box text = {b->x + 10, b->y, b->w - 34, b->h};
    ub_paint_text(cr, &text, name, 12, false, UB_LEFT, colour);
    const double x = b->x + b->w - 16, y = b->y + b->h / 2;
    ub_paint_colour(cr, ub_faint, 1);
    cairo_move_to(cr, x - 4, y - 2.5);
    cairo_line_to(cr, x + 4, y - 2.5);
    cairo_line_to(cr, x, y + 3.5);
    cairo_close_path(cr);
    cairo_fill(cr);
}

void
ub_draw_model(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const char* const name = d->view->status.model;
    opener(cr, d, &item->box, name[0] ? name : "no model", name[0] ? ub_text : ub_alarm);
}

void
ub_draw_size(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    char text[32];
    snprintf(text, sizeof(text), "Size %.0f %%", 100.0 * d->view->scale);
    opener(cr, d, &item->box, text, ub_text);
}

void
ub_draw_list(cairo_t* cr, const ub_view* view)
{
    const ub_box box = ub_layout_list(view);
    const int rows = (int)fmin((double)ub_list_rows(view), ub_list_seen(view));
    ub_paint_box(cr, &box, 4, ub_panel);
    for (int i = 0; i < rows; ++i) {
        const uint32_t row = (uint32_t)(i + view->list_top);
        const char *name, *about;
        const double h = box.h / rows;
        const ub_box b = {box.x, box.y + i * h, box.w, h};
        if ((int)row == view->list_hot) {
            ub_paint_box(cr, &b, 4, ub_raised);
        }
        if (row < ub_list_rows(view)) {
            ub_list_text(view, row, &name, &about);
            const ub_box upper = {b.x + 12, b.y + (about[0] ? 3 : (h - 18) / 2), b.w - 24, 18};
            const ub_box lower = {b.x + 12, b.y + 19, b.w - 24, 16};
            ub_paint_text(cr, &upper, name, 12.5, true, UB_LEFT, ub_text);
            ub_paint_text(cr, &lower, about, 10.5, false, UB_LEFT, ub_faint);
        }
    }
    ub_paint_frame(cr, &box, 4, ub_edge);
}

static void
draw_name(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    ub_paint_text(cr, &item->box, d->view->source[item->strip], 12, true, UB_LEFT,
                  ub_view_colour(item->strip));
}

static void
draw_item(cairo_t* cr, const ub_view* view, int i)
{
    static void (*const draw[])(cairo_t*, const ub_draw*, const ub_view_item*) = {
        [UB_ITEM_PICTURE] = ub_draw_picture, [UB_ITEM_CHOICE] = ub_draw_choice,
        [UB_ITEM_SWITCH] = ub_draw_switch,   [UB_ITEM_SLIDER] = ub_draw_slider,
        [UB_ITEM_FADER] = ub_draw_fader,     [UB_ITEM_METER] = ub_draw_meter,
        [UB_ITEM_NAME] = draw_name,          [UB_ITEM_MODEL] = ub_draw_model,
        [UB_ITEM_LATE] = ub_draw_late,       [UB_ITEM_STATUS] = ub_draw_status,
        [UB_ITEM_SCALE] = ub_draw_scale,     [UB_ITEM_SIZE] = ub_draw_size,
    };
    const ub_view_item* const item = &view->item[i];
    const ub_draw d = {view, i == view->hot || i == view->held, i == view->typing};
    draw[item->kind](cr, &d, item);
    if (i == view->focus) {
        ub_paint_frame(cr, &item->box, 4, ub_text);
    }
}

static void
labels(cairo_t* cr, const ub_view* view)
{
    const ub_box title = {12, 9, 96, 26};
    ub_paint_text(cr, &title, "Unbraid", 18, true, UB_LEFT, ub_text);
    for (uint32_t i = 0; i < view->items; ++i) {
        const ub_view_item* const item = &view->item[i];
        const bool first =
            item->kind == UB_ITEM_CHOICE && item->value == view->specs[item->control].min;
        if (first && (item->control == UB_VIEW_RESPONSE || item->control == UB_VIEW_PROCESSOR)) {
            const ub_box before = {item->box.x - 76, item->box.y, 68, item->box.h};
            ub_paint_text(cr, &before, view->specs[item->control].name, 12, false, UB_RIGHT,
                          ub_faint);
        }
    }
}

void
ub_view_draw(ub_view* view, cairo_t* cr, double width, double height)
{
    const double scale = ub_view_scale(view, width, height);
    if (view->width != width / scale || view->height != height / scale) {
        ub_layout(view, width / scale, height / scale);
    }
    view->scale = scale;
    cairo_save(cr);
    cairo_scale(cr, scale, scale);
    ub_paint_colour(cr, ub_ground, 1.0);
    cairo_paint(cr);
    labels(cr, view);
    for (uint32_t i = 0; i < view->items; ++i) {
        draw_item(cr, view, (int)i);
    }
    if (view->listing) {
        ub_draw_list(cr, view);
    } else if (view->hot >= 0) {
        const ub_draw d = {view, true, false};
        ub_draw_tip(cr, &d, &view->item[view->hot]);
    }
    cairo_restore(cr);
}
