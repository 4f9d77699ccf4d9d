// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_GUI_ACT_H
#define UB_GUI_ACT_H

/**
   @file
   What pointer and keyboard have in common.
*/

#include "gui/state.h"

/// Of an item that has a control
const ub_view_spec* ub_item_spec(const ub_view* view, const ub_view_item* item);

/// Whether it is dragged, and whether anything can be done with it but look
bool ub_item_turns(const ub_view_item* item);
bool ub_item_acts(const ub_view_item* item);

/// Change a control at one go, as hosts that record automation want it told
void ub_act_change(ub_view* view, ub_view_control control, float value);

/// Turn it by so many notches of the wheel
void ub_act_step(ub_view* view, const ub_view_item* item, float notches, bool fine);

/// What a click, or Enter, does to what is not dragged
void ub_act_push(ub_view* view, const ub_view_item* item);

/// Type an item's value, and be done with it
void ub_act_type(ub_view* view, int item, const char* first);
void ub_act_end_typing(ub_view* view, bool take);

/// Open a list, or close the one that is open
void ub_act_open_list(ub_view* view, ub_view_listing listing);
void ub_act_close_list(ub_view* view);

#endif // UB_GUI_ACT_H
