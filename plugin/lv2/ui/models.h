// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_UI_MODELS_H
#define UB_PLUGIN_LV2_UI_MODELS_H

/**
   @file
   The models that the window offers: the bundle's own, and those in the user's folder.
*/

#include "gui/view.h"

#include <stddef.h>

/// List them; @return how many, at most `room`.
uint32_t ub_offered_models(const char* bundle, ub_view_model* models, uint32_t room);

/// A name for people from a path
void ub_offered_name(const char* path, char* name, size_t size);

#endif // UB_PLUGIN_LV2_UI_MODELS_H
