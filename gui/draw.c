// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TIP_AFTER 0.7 ///< s

static ub_colour
blend(ub_colour a, ub_colour b, float share)
{
    return (ub_colour){a.r + (b.r - a.r) * share, a.g + (b.g - a.g) * share,
                       a.b + (b.b - a.b) * share};
}

/// What a button looks like that is on, or not, under the pointer or not
static void
button(cairo_t* cr, const ub_draw* d, const ub_view_item* item, const char* text, bool on,
       ub_colour colour)
{
    const ub_colour ground = on ? colour : d->hot ? ub_raised : ub_panel;
    const bool large = item->control == UB_VIEW_SOURCE;
    ub_paint_box(cr, &item->box, 4, ground);
    if (!on && item->strip >= 0) { // its colour, so that it is known before it is chosen
        const ub_box line = {item->box.x + 6, item->box.y + item->box.h - 4, item->box.w - 12, 2};
        ub_paint_box(cr, &line, 1, blend(ub_panel, colour, 0.8f));
    }
    const ub_box inner = {item->box.x + 4, item->box.y, item->box.w - 8, item->box.h};
    ub_paint_text(cr, &inner, text, large ? 15 : 12, on, UB_CENTRE,
                  on ? ub_paint_on(colour) : ub_text);
}

void
ub_draw_choice(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const ub_view_spec* const spec = &d->view->specs[item->control];
    const bool on = lrintf(d->view->value[item->control]) == lrintf(item->value);
    const bool lacks = item->strip >= 0 && !d->view->source[item->strip][0];
    char text[48];
    ub_view_print(spec, item->value, text, sizeof(text));
    button(cr, d, item, text, on, lacks ? ub_edge : ub_view_colour(item->strip));
}

static bool
is_strip_switch(ub_view_control control, unsigned first)
{
    return control >= first && control < first + UB_VIEW_STRIPS;
}

void
ub_draw_switch(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const bool on = d->view->value[item->control] > 0.5f;
    const char* text = d->view->specs[item->control].name;
    ub_colour colour = ub_accent;
    if (is_strip_switch(item->control, UB_VIEW_MUTE)) {
        text = "M";
        colour = ub_alarm;
    } else if (is_strip_switch(item->control, UB_VIEW_SOLO)) {
        text = "S";
        colour = (ub_colour){0.95f, 0.85f, 0.30f};
    } else if (item->control == UB_VIEW_ENABLED) {
        text = on ? "On" : "Bypass";
        colour = on ? (ub_colour){0.45f, 0.80f, 0.50f} : ub_alarm;
    }
    const ub_view_item plain = {item->kind, item->control, 0, -1, item->box};
    button(cr, d, &plain, text, on, colour);
}

/// The value of a control as it stands, or as it is being typed
static void
value_text(const ub_draw* d, const ub_view_item* item, char* text, unsigned size)
{
    if (d->typing) {
        snprintf(text, size, "%s|", d->view->typed);
    } else {
        ub_view_print(&d->view->specs[item->control], d->view->value[item->control], text, size);
    }
}

void
ub_draw_slider(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const ub_view_spec* const spec = &d->view->specs[item->control];
    const ub_box* const b = &item->box;
    const ub_colour colour = ub_view_colour(item->strip);
    const double place = (double)ub_view_place(spec, d->view->value[item->control]);
    const double zero = spec->min < 0 && spec->max > 0 ? (double)ub_view_place(spec, 0.0f) : 0.0;
    ub_paint_box(cr, b, 4, d->hot ? ub_raised : ub_panel);
    const double from = b->x + b->w * fmin(place, zero), to = b->x + b->w * fmax(place, zero);
    if (to - from > 1) {
        const ub_box fill = {from, b->y + b->h - 5, to - from, 5};
        ub_paint_box(cr, &fill, 2, blend(ub_panel, colour, 0.85f));
    }
    char text[48];
    value_text(d, item, text, sizeof(text));
    const bool idle = item->strip >= 0 && ub_view_has(d->view, UB_VIEW_SOURCE) &&
                      d->view->value[UB_VIEW_SOURCE] < d->view->specs[UB_VIEW_SOURCE].max;
    const ub_box left = {b->x + 8, b->y, b->w - 74, b->h - 4};
    const ub_box right = {b->x + b->w - 66, b->y, 58, b->h - 4};
    ub_paint_text(cr, &left, spec->name, 12, false, UB_LEFT, ub_faint);
    ub_paint_text(cr, &right, text, 12, false, UB_RIGHT,
                  d->typing ? ub_accent
                  : idle    ? ub_faint
                            : ub_text);
}

void
ub_draw_fader(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const ub_view_spec* const spec = &d->view->specs[item->control];
    const ub_box* const b = &item->box;
    const double centre = b->x + b->w / 2;
    const ub_box track = {centre - 2, b->y, 4, b->h};
    ub_paint_box(cr, &track, 2, ub_panel);
    cairo_set_line_width(cr, 1);
    for (unsigned i = 0; i < UB_VIEW_MARKS; ++i) {
        const double y = b->y + b->h * (1 - (double)ub_view_place(spec, ub_view_marks[i]));
        ub_paint_colour(cr, ub_view_marks[i] == 0 ? ub_faint : ub_edge, 1);
        cairo_move_to(cr, centre - 9, floor(y) + 0.5);
        cairo_line_to(cr, centre + 9, floor(y) + 0.5);
        cairo_stroke(cr);
    }
    const double place = (double)ub_view_place(spec, d->view->value[item->control]);
    const ub_box knob = {b->x, b->y + (1 - place) * b->h - 7, b->w, 14};
    ub_paint_box(cr, &knob, 3, d->hot ? ub_text : ub_accent);
    const ub_box line = {b->x + 3, knob.y + 6, b->w - 6, 2};
    ub_paint_box(cr, &line, 1, ub_view_colour(item->strip));
    char text[48];
    value_text(d, item, text, sizeof(text));
    const ub_box below = {b->x - 6, b->y + b->h + 6, 64, 18};
    ub_paint_text(cr, &below, text, 11, false, UB_LEFT, d->typing ? ub_accent : ub_text);
}

/// How far up a level lies
static double
height(const ub_box* b, float db)
{
    return b->h * (double)ub_view_place(&ub_view_decibels, fmaxf(db, ub_view_decibels.min));
}

void
ub_draw_scale(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    (void)d;
    const ub_box* const b = &item->box;
    for (unsigned i = 0; i < UB_VIEW_MARKS; ++i) {
        const float db = ub_view_marks[i];
        char text[8];
        snprintf(text, sizeof(text), db > 0 ? "+%.0f" : "%.0f", (double)db);
        const double y = b->y + b->h - height(b, db);
        const ub_box at = {b->x, y - 8, b->w - 4, 16};
        ub_paint_text(cr, &at, i + 1 < UB_VIEW_MARKS ? text : "dB", 10, db == 0, UB_RIGHT,
                      db == 0 ? ub_text : ub_faint);
    }
}

/// A bar from the bottom, and a line where its peak was
static void
bar(cairo_t* cr, const ub_box* b, float level, const ub_meter* meter, ub_colour colour)
{
    ub_paint_box(cr, b, 2, ub_panel);
    const double peak = height(b, meter->shown), mean = height(b, level);
    const ub_box thin = {b->x, b->y + b->h - peak, b->w, peak};
    const ub_box full = {b->x, b->y + b->h - mean, b->w, mean};
    if (peak > 1) {
        ub_paint_box(cr, &thin, 1, blend(ub_panel, colour, 0.45f));
    }
    if (mean > 1) {
        ub_paint_box(cr, &full, 1, colour);
    }
    for (unsigned i = 0; i + 1 < UB_VIEW_MARKS; ++i) {
        const ub_box mark = {b->x, floor(b->y + b->h - height(b, ub_view_marks[i])), b->w, 1};
        ub_paint_box(cr, &mark, 0, ub_view_marks[i] == 0 ? ub_faint : ub_ground);
    }
    if (meter->held > ub_view_decibels.min) {
        const ub_box line = {b->x, b->y + b->h - height(b, meter->held) - 1, b->w, 2};
        ub_paint_box(cr, &line, 0, meter->held > 0.0f ? ub_alarm : ub_text);
    }
}

void
ub_draw_meter(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const ub_view* const view = d->view;
    const ub_box* const b = &item->box;
    if (item->strip >= 0) {
        const ub_meter* const m = &view->meter[item->strip];
        bar(cr, b, m->shown, m, ub_view_colour(item->strip));
        return;
    }
    const double w = (b->w - 2) / 2;
    for (int i = 0; i < 2; ++i) {
        const ub_box side = {b->x + i * (w + 2), b->y, w, b->h};
        bar(cr, &side, 10.0f * log10f(view->power[i] + 1e-12f), &view->out[i], ub_view_lit(view));
    }
    const float highest = fmaxf(view->out[0].highest, view->out[1].highest);
    char text[24] = "-inf";
    if (highest > -100) {
        snprintf(text, sizeof(text), "%+.1f", (double)highest);
    }
    const ub_box above = {b->x - 8, b->y - 24, b->w + 16, 20};
    const ub_box below = {b->x - 8, b->y + b->h + 4, b->w + 16, 18};
    ub_paint_text(cr, &above, text, 11, false, UB_CENTRE, highest > 0 ? ub_alarm : ub_text);
    ub_paint_text(cr, &below, "Out", 11, false, UB_CENTRE, ub_faint);
}

static const char*
tip_of(const ub_view* view, const ub_view_item* item)
{
    switch (item->kind) {
    case UB_ITEM_MODEL:
        return "The network that separates. Choose one that is installed, or any weights file.";
    case UB_ITEM_STATUS:
        return "Latency, for which the host makes up; what computes; how busy it is.";
    case UB_ITEM_LATE:
        return "Masks that came too late, as the machine is too slow: the last one is kept a little "
               "longer. A click counts anew.";
    case UB_ITEM_SIZE:
        return "Size of the window, which the session keeps. Automatic: as the host or the screen "
               "asks for.";
    case UB_ITEM_METER:
        return item->strip >= 0 ? "Level of the instrument, of a full-scale sine; the line is the "
                                  "highest of the last two seconds."
                                : "Bright: mean level; dim: peak; the line is the highest of the "
                                  "last two seconds, the number the highest since a click here.";
    default:
        return item->control < UB_VIEW_CONTROLS ? view->specs[item->control].tip : NULL;
    }
}

void
ub_draw_tip(cairo_t* cr, const ub_draw* d, const ub_view_item* item)
{
    const ub_view* const view = d->view;
    const char* const tip = tip_of(view, item);
    if (!tip || view->held >= 0 || view->listing || view->now - view->hot_since < TIP_AFTER) {
        return;
    }
    ub_box text = {0, 0, 300, 0};
    text.h = ub_paint_lines(cr, &text, tip, 12, NULL);
    text.x = fmin(fmax(view->at.x - 20, 20), view->width - text.w - 20);
    text.y = item->box.y > text.h + 24 ? item->box.y - text.h - 14 : item->box.y + item->box.h + 14;
    const ub_box ground = {text.x - 8, text.y - 6, text.w + 16, text.h + 12};
    ub_paint_box(cr, &ground, 4, ub_raised);
    ub_paint_frame(cr, &ground, 4, ub_edge);
    ub_paint_lines(cr, &text, tip, 12, &ub_text);
}
