// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  What the keyboard does: Tab goes from control to control, arrows turn the one, digits type
  its value, Enter takes it and Escape does not; Delete resets.
*/

#include "gui/act.h"

#include <string.h>

static void
move_focus(ub_view* view, int by)
{
    for (uint32_t tried = 0; tried < view->items; ++tried) {
        const int n = (int)view->items;
        view->focus = (view->focus < 0 ? (by > 0 ? 0 : n - 1) : (view->focus + by + n) % n);
        if (ub_item_acts(&view->item[view->focus])) {
            return;
        }
    }
    view->focus = -1;
}

static bool
key_in_text(ub_view* view, ub_view_key key)
{
    const size_t n = strlen(view->typed);
    switch (key) {
    case UB_KEY_ENTER:
    case UB_KEY_TAB:
        ub_act_end_typing(view, true);
        return true;
    case UB_KEY_ESCAPE:
        ub_act_end_typing(view, false);
        return true;
    case UB_KEY_BACKSPACE:
        view->typed[n ? n - 1 : 0] = '\0';
        return true;
    default:
        return true;
    }
}

static bool
key_in_list(ub_view* view, ub_view_key key)
{
    const int rows = (int)ub_list_rows(view), seen = ub_list_seen(view);
    switch (key) {
    case UB_KEY_ESCAPE:
        ub_act_close_list(view);
        return true;
    case UB_KEY_UP:
        view->list_hot = view->list_hot > 0 ? view->list_hot - 1 : 0;
        break;
    case UB_KEY_DOWN:
        view->list_hot = view->list_hot + 1 < rows ? view->list_hot + 1 : rows - 1;
        break;
    case UB_KEY_ENTER:
        if (view->list_hot >= 0 && view->list_hot < rows) {
            ub_list_pick(view, (uint32_t)view->list_hot);
            view->list_hot = -1;
        }
        return true;
    default:
        return false;
    }
    if (view->list_hot < view->list_top) {
        view->list_top = view->list_hot;
    } else if (view->list_hot >= view->list_top + seen) {
        view->list_top = view->list_hot - seen + 1;
    }
    return true;
}

static bool
key_on_control(ub_view* view, const ub_view_item* item, ub_view_key key, bool shift)
{
    const ub_view_spec* const spec =
        item->control < UB_VIEW_CONTROLS ? ub_item_spec(view, item) : NULL;
    if (!spec) {
        if (key == UB_KEY_ENTER) {
            ub_act_push(view, item);
        }
        return key == UB_KEY_ENTER;
    }
    switch (key) {
    case UB_KEY_UP:
    case UB_KEY_RIGHT:
        ub_act_step(view, item, 1, shift);
        return true;
    case UB_KEY_DOWN:
    case UB_KEY_LEFT:
        ub_act_step(view, item, -1, shift);
        return true;
    case UB_KEY_PAGE_UP:
        ub_act_step(view, item, 5, shift);
        return true;
    case UB_KEY_PAGE_DOWN:
        ub_act_step(view, item, -5, shift);
        return true;
    case UB_KEY_HOME:
        ub_act_change(view, item->control, spec->min);
        return true;
    case UB_KEY_END:
        ub_act_change(view, item->control, spec->max);
        return true;
    case UB_KEY_BACKSPACE:
    case UB_KEY_DELETE:
        ub_act_change(view, item->control, spec->def);
        return true;
    case UB_KEY_ENTER:
        if (ub_item_turns(item)) {
            ub_act_type(view, (int)(item - view->item), "");
        } else {
            ub_act_push(view, item);
        }
        return true;
    default:
        return false;
    }
}

bool
ub_view_press_key(ub_view* view, ub_view_key key, bool shift)
{
    if (view->typing >= 0) {
        return key_in_text(view, key);
    }
    if (view->listing) {
        return key_in_list(view, key);
    }
    if (key == UB_KEY_TAB || key == UB_KEY_BACK_TAB) {
        move_focus(view, key == UB_KEY_TAB ? 1 : -1);
        return true;
    }
    const int i = view->focus >= 0 ? view->focus : view->hot;
    return i >= 0 && ub_item_acts(&view->item[i]) &&
           key_on_control(view, &view->item[i], key, shift);
}

bool
ub_view_type(ub_view* view, const char* utf8)
{
    const unsigned char c = (unsigned char)utf8[0];
    if (c < 0x20 || c == 0x7f || view->listing) {
        return false;
    }
    if (view->typing >= 0) {
        if (strlen(view->typed) + strlen(utf8) < sizeof(view->typed)) {
            strcat(view->typed, utf8);
        }
        return true;
    }
    const int i = view->focus >= 0 ? view->focus : view->hot;
    if (i >= 0 && ub_item_turns(&view->item[i]) && strchr("0123456789-+.,", c)) {
        ub_act_type(view, i, utf8);
        return true;
    }
    return false;
}
