// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  What the pointer does.

  Drag turns a control, with shift at a tenth of the speed; the wheel steps it; a double click
  or the other button resets it; a click on a slider's value types one.
*/

#include "gui/act.h"

#include <math.h>
#include <string.h>

#define DOUBLE_CLICK_S 0.35
#define STEP           0.02f ///< Of the whole way, a notch of the wheel
#define FINE           0.1f
#define VALUE_W        64.0 ///< At the right end of a slider its value stands

const ub_view_spec*
ub_item_spec(const ub_view* view, const ub_view_item* item)
{
    return &view->specs[item->control];
}

bool
ub_item_turns(const ub_view_item* item)
{
    return item->kind == UB_ITEM_SLIDER || item->kind == UB_ITEM_FADER;
}

bool
ub_item_acts(const ub_view_item* item)
{
    return ub_item_turns(item) || item->kind == UB_ITEM_CHOICE || item->kind == UB_ITEM_SWITCH ||
           item->kind == UB_ITEM_MODEL || item->kind == UB_ITEM_LATE || item->kind == UB_ITEM_SIZE;
}

static void
change(ub_view* view, ub_view_control control, float value)
{
    value = ub_view_fit(&view->specs[control], value);
    if (value != view->value[control]) {
        view->value[control] = value;
        view->actions.set(view->actions.handle, control, value);
    }
}

/// Change a control at one go, as hosts that record automation want it told
void
ub_act_change(ub_view* view, ub_view_control control, float value)
{
    view->actions.grab(view->actions.handle, control, true);
    change(view, control, value);
    view->actions.grab(view->actions.handle, control, false);
}

void
ub_act_step(ub_view* view, const ub_view_item* item, float notches, bool fine)
{
    const ub_view_spec* const spec = ub_item_spec(view, item);
    const float now = view->value[item->control];
    if (spec->whole) {
        ub_act_change(view, item->control, now + (notches > 0 ? 1.0f : -1.0f));
    } else {
        const float place = ub_view_place(spec, now) + notches * STEP * (fine ? FINE : 1.0f);
        ub_act_change(view, item->control, ub_view_value(spec, place));
    }
}

void
ub_act_type(ub_view* view, int item, const char* first)
{
    view->typing = item;
    view->typed[0] = '\0';
    strncat(view->typed, first, sizeof(view->typed) - 1);
}

void
ub_act_end_typing(ub_view* view, bool take)
{
    if (view->typing >= 0 && take) {
        const ub_view_control control = view->item[view->typing].control;
        float value;
        if (ub_view_parse(&view->specs[control], view->typed, &value)) {
            ub_act_change(view, control, value);
        }
    }
    view->typing = -1;
}

void
ub_act_open_list(ub_view* view, ub_view_listing listing)
{
    view->listing = listing;
    view->list_top = 0;
    view->list_hot = -1;
    ub_browse_close(&view->browse);
    if (listing == UB_LIST_MODELS) {
        view->actions.list(view->actions.handle);
    }
}

void
ub_act_close_list(ub_view* view)
{
    view->listing = UB_LIST_NONE;
    ub_browse_close(&view->browse);
}

/// Peaks are looked for anew
static void
reset_peaks(ub_view* view)
{
    for (int i = 0; i < UB_VIEW_STRIPS; ++i) {
        view->meter[i].held = view->meter[i].shown;
    }
    for (int i = 0; i < 2; ++i) {
        view->out[i].held = view->out[i].highest = view->out[i].shown;
    }
}

/// What a click, or Enter, does to what is no slider
void
ub_act_push(ub_view* view, const ub_view_item* item)
{
    switch (item->kind) {
    case UB_ITEM_CHOICE:
        ub_act_change(view, item->control, item->value);
        break;
    case UB_ITEM_SWITCH:
        ub_act_change(view, item->control, view->value[item->control] > 0.5f ? 0.0f : 1.0f);
        break;
    case UB_ITEM_MODEL:
        ub_act_open_list(view, UB_LIST_MODELS);
        break;
    case UB_ITEM_SIZE:
        ub_act_open_list(view, UB_LIST_SIZES);
        break;
    case UB_ITEM_LATE:
        view->late_from = view->status.late;
        break;
    case UB_ITEM_PICTURE:
        ub_picture_freeze(view->picture, !ub_picture_frozen(view->picture));
        break;
    case UB_ITEM_METER:
        reset_peaks(view);
        break;
    default:
        break;
    }
}

static bool
press_list(ub_view* view, const ub_view_pointer* at)
{
    const ub_box box = ub_layout_list(view);
    if (!ub_box_has(&box, at->x, at->y)) {
        ub_act_close_list(view);
        return true;
    }
    const int rows = (int)fmin((double)ub_list_rows(view), ub_list_seen(view));
    const uint32_t row = (uint32_t)((at->y - box.y) * rows / box.h) + (uint32_t)view->list_top;
    if (row < ub_list_rows(view)) {
        ub_list_pick(view, row);
    }
    return true;
}

static void
press_control(ub_view* view, int i, const ub_view_pointer* at)
{
    const ub_view_item* const item = &view->item[i];
    const bool twice = i == view->pressed_item && at->time - view->pressed_at < DOUBLE_CLICK_S;
    view->pressed_item = i;
    view->pressed_at = at->time;
    if (twice) {
        ub_act_change(view, item->control, ub_item_spec(view, item)->def);
        view->pressed_item = -1;
    } else if (item->kind == UB_ITEM_SLIDER && at->x > item->box.x + item->box.w - VALUE_W) {
        ub_act_type(view, i, "");
    } else {
        view->held = i;
        view->drag_place = ub_view_place(ub_item_spec(view, item), view->value[item->control]);
        view->actions.grab(view->actions.handle, item->control, true);
    }
}

bool
ub_view_press(ub_view* view, const ub_view_pointer* at, bool secondary)
{
    view->at = *at;
    ub_act_end_typing(view, true);
    if (view->listing) {
        return press_list(view, at);
    }
    const int i = ub_layout_find(view, at->x, at->y);
    view->focus = i >= 0 && ub_item_acts(&view->item[i]) ? i : -1;
    if (i < 0) {
        return true;
    }
    const ub_view_item* const item = &view->item[i];
    if (secondary) {
        if (ub_item_acts(item) && item->control < UB_VIEW_CONTROLS) {
            ub_act_change(view, item->control, ub_item_spec(view, item)->def);
        }
    } else if (ub_item_turns(item)) {
        press_control(view, i, at);
    } else {
        ub_act_push(view, item);
    }
    return true;
}

static void
drag(ub_view* view, const ub_view_pointer* from, const ub_view_pointer* to)
{
    const ub_view_item* const item = &view->item[view->held];
    const bool up = item->kind == UB_ITEM_FADER;
    const double way = up ? item->box.h : item->box.w;
    const double moved = up ? from->y - to->y : to->x - from->x;
    view->drag_place += (float)(moved / way) * (to->shift ? FINE : 1.0f);
    const ub_view_spec* const spec = ub_item_spec(view, item);
    change(view, item->control, ub_view_value(spec, view->drag_place));
}

bool
ub_view_move(ub_view* view, const ub_view_pointer* at)
{
    const ub_view_pointer from = view->at;
    view->at = *at;
    if (view->held >= 0) {
        drag(view, &from, at);
        return true;
    }
    if (view->listing) {
        const ub_box box = ub_layout_list(view);
        const int rows = (int)fmin((double)ub_list_rows(view), ub_list_seen(view));
        view->list_hot = ub_box_has(&box, at->x, at->y)
                             ? (int)((at->y - box.y) * rows / box.h) + view->list_top
                             : -1;
        return true;
    }
    const int hot = ub_layout_find(view, at->x, at->y);
    if (hot != view->hot) {
        view->hot = hot;
        view->hot_since = view->now;
    }
    return true;
}

bool
ub_view_release(ub_view* view, const ub_view_pointer* at)
{
    const bool held = view->held >= 0;
    view->at = *at;
    ub_view_let_go(view);
    return held;
}

void
ub_view_let_go(ub_view* view)
{
    if (view->held >= 0) {
        view->actions.grab(view->actions.handle, view->item[view->held].control, false);
        view->held = -1;
    }
}

bool
ub_view_scroll(ub_view* view, const ub_view_pointer* at, double lines)
{
    if (view->listing) {
        const int most = (int)ub_list_rows(view) - ub_list_seen(view);
        view->list_top -= (int)lrint(lines * 2);
        view->list_top = view->list_top > most ? most : view->list_top;
        view->list_top = view->list_top < 0 ? 0 : view->list_top;
        return true;
    }
    const int i = ub_layout_find(view, at->x, at->y);
    if (i < 0 || view->held >= 0 || lines == 0.0) {
        return false;
    }
    const ub_view_item* const item = &view->item[i];
    if (ub_item_turns(item) || item->kind == UB_ITEM_CHOICE) {
        // Over buttons side by side the wheel goes down to the right
        const double way = item->kind == UB_ITEM_CHOICE ? -lines : lines;
        ub_act_step(view, item, (float)way, at->shift);
        return true;
    }
    return false;
}

bool
ub_view_leave(ub_view* view)
{
    view->hot = -1;
    view->list_hot = -1;
    return true;
}
