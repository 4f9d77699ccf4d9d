// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_WINO_PACK_H
#define UB_MODEL_WINO_PACK_H

/**
   @file
   How ub_wino cuts a layer up, and its weights.

   A line is what shares its input frames: an output frame, or, of a layer that
   makes a mask, the stride's frames of one position.  A tile is four outputs of
   every phase, from six inputs of every phase.
*/

#include "model/wino.h"

#define UB_WINO_TERMS 6
#define UB_WINO_PHASES 8   ///< At most, on each axis
#define UB_WINO_NONE (-1)

/** One of the six products, [pixels][depth] x [depth][columns] for every tap of frames. */
typedef struct {
    uint32_t depth;   ///< Input phases that take part x channels
    uint32_t columns; ///< Output phases that take part x filters
    uint32_t width;   ///< The columns in whole vectors
    int in_at[UB_WINO_PHASES];   ///< Where an input phase begins in the depth, or NONE
    int out_at[UB_WINO_PHASES * UB_WINO_PHASES]; ///< Where an output phase begins in the columns
    float* weights[UB_WINO_PHASES]; ///< Of each class, [panel][taps][depth][panel's columns]
} ub_wino_term;

struct ub_wino_s {
    const ub_layer* layer;
    bool transposed;
    bool mask;
    uint32_t lanes;      ///< Floats in a vector
    uint32_t in_phases;  ///< Bins
    uint32_t out_phases; ///< Bins, and frames of a mask: [frame phase][bin phase]
    uint32_t classes;    ///< Frame phases whose lines have taps of their own
    uint32_t taps[UB_WINO_PHASES]; ///< Input frames of a line of each class
    int64_t in_base;     ///< Bin of the first tile's first input
    int64_t out_base;    ///< Bin of its first output of phase 0
    uint32_t tiles;
    ub_wino_term term[UB_WINO_TERMS];
};

/// Columns of a term's panel, of which the last may have one vector
uint32_t ub_wino_panel(const ub_wino* wino, const ub_wino_term* term, uint32_t first);

#endif // UB_MODEL_WINO_PACK_H
