// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH   860.0
#define FALL_DB 11.8f ///< That a meter falls in a second: 20 dB in 1.7 s, as IEC 60268-10 asks
#define HOLD_S  2.0   ///< That a peak is shown
#define MEAN_S  0.3f  ///< That power is averaged over

// Told apart by those who see few colours: after Okabe and Ito, "Color Universal Design", 2008
static const ub_colour colours[UB_VIEW_STRIPS] = {
    {0.902f, 0.624f, 0.000f}, // vocals, orange
    {0.337f, 0.706f, 0.914f}, // drums, sky blue
    {0.000f, 0.700f, 0.500f}, // bass, bluish green
    {0.860f, 0.520f, 0.720f}, // other, reddish purple
    {0.941f, 0.894f, 0.259f}, // a fifth, yellow
    {0.900f, 0.430f, 0.100f}, // a sixth, vermilion
};

const float ub_view_marks[UB_VIEW_MARKS] = {12, 6, 0, -6, -12, -20, -40, -60};
const ub_view_spec ub_view_decibels = {"", NULL, "dB", -60, 12, 0, false, NULL};

ub_colour
ub_view_colour(int strip)
{
    static const ub_colour none = {0.80f, 0.82f, 0.85f};
    return strip >= 0 && strip < UB_VIEW_STRIPS ? colours[strip] : none;
}

ub_colour
ub_view_lit(const ub_view* view)
{
    return ub_view_has(view, UB_VIEW_SOURCE) ? ub_view_colour((int)view->value[UB_VIEW_SOURCE])
                                             : ub_view_colour(-1);
}

ub_view*
ub_view_new(const ub_view_spec* specs, const ub_view_actions* actions)
{
    ub_view* const view = (ub_view*)calloc(1, sizeof(ub_view));
    ub_picture* const picture = ub_picture_new();
    if (!view || !picture) {
        free(view);
        ub_picture_free(picture);
        return NULL;
    }
    view->specs = specs;
    view->actions = *actions;
    view->picture = picture;
    for (uint32_t i = 0; i < UB_VIEW_CONTROLS; ++i) {
        view->value[i] = specs[i].def;
    }
    view->hot = view->held = view->focus = view->typing = view->pressed_item = -1;
    view->list_hot = -1;
    static const char names[UB_VIEW_STRIPS][24] = {"Vocals", "Drums", "Bass", "Other", "", ""};
    ub_view_set_sources(view, names);
    for (uint32_t i = 0; i < UB_VIEW_STRIPS; ++i) {
        view->meter[i] = (ub_meter){UB_REPORT_SILENCE, UB_REPORT_SILENCE, UB_REPORT_SILENCE, 0};
    }
    for (uint32_t i = 0; i < 2; ++i) {
        view->out[i] = view->meter[0];
    }
    view->scale = 1.0;
    double width, height;
    ub_view_size(view, &width, &height);
    ub_layout(view, width, height);
    return view;
}

void
ub_view_free(ub_view* view)
{
    if (view) {
        ub_view_let_go(view);
        ub_picture_free(view->picture);
        ub_browse_close(&view->browse);
        free(view);
    }
}

void
ub_view_size(const ub_view* view, double* width, double* height)
{
    *width = WIDTH;
    *height = ub_view_has(view, UB_VIEW_SOURCE) ? 520.0 : 460.0;
}

double
ub_view_scale(const ub_view* view, double width, double height)
{
    double w, h;
    ub_view_size(view, &w, &h);
    return fmax(fmin(width / w, height / h), 0.1);
}

void
ub_view_set(ub_view* view, ub_view_control control, float value)
{
    // What is being dragged follows the hand, not the host's answer to it
    const bool held = view->held >= 0 && view->item[view->held].control == control;
    if (control < UB_VIEW_CONTROLS && ub_view_has(view, control) && !held) {
        view->value[control] = ub_view_fit(&view->specs[control], value);
    }
}

void
ub_view_set_status(ub_view* view, const ub_view_status* status)
{
    if (status->late < view->status.late) {
        view->late_from = 0; // the plugin counts anew
    }
    view->status = *status;
}

/// Where an item of the layout before is now, -1: it is gone
static int
find_again(const ub_view* view, const ub_view_item* before, int i)
{
    for (uint32_t k = 0; i >= 0 && k < view->items; ++k) {
        const ub_view_item *a = &before[i], *b = &view->item[k];
        if (a->kind == b->kind && a->control == b->control && a->value == b->value &&
            a->strip == b->strip) {
            return (int)k;
        }
    }
    return -1;
}

void
ub_view_set_sources(ub_view* view, const char names[UB_VIEW_STRIPS][24])
{
    ub_view_item before[UB_MAX_ITEMS];
    const int held = view->held;
    memcpy(before, view->item, sizeof(before));
    memcpy(view->source, names, sizeof(view->source));
    ub_layout(view, view->width, view->height);
    // A model may come while somebody drags or types: other items are there then
    view->hot = find_again(view, before, view->hot);
    view->held = find_again(view, before, held);
    view->focus = find_again(view, before, view->focus);
    view->typing = find_again(view, before, view->typing);
    view->pressed_item = find_again(view, before, view->pressed_item);
    if (held >= 0 && view->held < 0) {
        view->actions.grab(view->actions.handle, before[held].control, false);
    }
}

void
ub_view_set_models(ub_view* view, const ub_view_model* models, uint32_t n)
{
    view->models = n < UB_MAX_MODELS ? n : UB_MAX_MODELS;
    memcpy(view->model, models, view->models * sizeof(*models));
}

static void
raise(ub_meter* meter, float db, double now)
{
    meter->shown = fmaxf(meter->shown, db);
    meter->highest = fmaxf(meter->highest, db);
    if (db >= meter->held) {
        meter->held = db;
        meter->held_at = now;
    }
}

void
ub_view_report(ub_view* view, const ub_report* report)
{
    ub_colour lit[UB_REPORT_SOURCES + 1];
    for (int i = 0; i < UB_REPORT_SOURCES; ++i) {
        lit[i] = ub_view_colour(i);
    }
    lit[UB_REPORT_SOURCES] = ub_view_lit(view);
    ub_picture_add(view->picture, report, lit);
    for (uint32_t i = 0; i < UB_VIEW_STRIPS; ++i) {
        raise(&view->meter[i], report->source[i], view->now);
    }
    for (uint32_t i = 0; i < 2; ++i) {
        raise(&view->out[i], report->peak[i], view->now);
        const float power = powf(10.0f, 0.1f * report->rms[i]);
        view->power[i] += (1.0f - expf(-report->seconds / MEAN_S)) * (power - view->power[i]);
    }
}

static void
fall(ub_meter* meter, double now, float by)
{
    meter->shown = fmaxf(meter->shown - by, UB_REPORT_SILENCE);
    if (now - meter->held_at > HOLD_S) {
        meter->held = fmaxf(meter->held - by, meter->shown);
    }
}

bool
ub_view_tick(ub_view* view, double time)
{
    const float by = FALL_DB * (float)fmax(time - view->now, 0.0);
    view->now = time;
    for (uint32_t i = 0; i < UB_VIEW_STRIPS; ++i) {
        fall(&view->meter[i], time, by);
    }
    fall(&view->out[0], time, by);
    fall(&view->out[1], time, by);
    return true;
}
