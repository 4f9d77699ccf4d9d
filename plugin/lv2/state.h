// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_STATE_H
#define UB_PLUGIN_LV2_STATE_H

/**
   @file
   What a session keeps besides the ports: the model's path, "" for the bundle's own
   model, which also plays when a session keeps none; and the window's scale, if somebody
   has chosen one.
*/

#include "plugin/lv2/patch.h"
#include "plugin/shell/shell.h"

#include <lv2/state/state.h>

/// Not on the audio thread, as restore
LV2_State_Status ub_state_save(ub_shell* shell, const ub_patch* patch, const _Atomic float* scale,
                               LV2_State_Store_Function store, LV2_State_Handle handle,
                               const LV2_Feature* const* features);

LV2_State_Status ub_state_restore(ub_shell* shell, const ub_patch* patch, _Atomic float* scale,
                                  LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
                                  const LV2_Feature* const* features);

#endif // UB_PLUGIN_LV2_STATE_H
