// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_CUT_H
#define UB_MODEL_CONV_CUT_H

/**
   @file
   How ub_conv cuts a layer up: what does not depend on its weights.
*/

#include "model/conv/pack.h"

#define UB_CONV_TAPS 3U ///< Bins of a filtered phase's kernel

/// Fill in all but the weights, of a ub_conv whose layer, output, lanes and way are filled in
void ub_conv_cut(ub_conv* conv);

/// The tap of a kernel at that position of what it reaches over, or one past the last between
/// the taps of a dilated one
uint32_t ub_conv_undilated(const ub_layer* layer, int axis, uint32_t position);

/// The layer's tap of bins that is tap e of a phase; it may not be there
uint32_t ub_conv_bin_tap(const ub_conv* conv, uint32_t phase, uint32_t e);

/// Columns of the panel that begins with that column
uint32_t ub_conv_panel_columns(const ub_conv* conv, const ub_conv_term* term, uint32_t first);

/// List the panels in the order of their weights, or count them
uint32_t ub_conv_list_panels(const ub_conv* conv, ub_conv_panel* out);

#endif // UB_MODEL_CONV_CUT_H
