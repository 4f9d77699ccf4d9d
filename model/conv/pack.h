// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_PACK_H
#define UB_MODEL_CONV_PACK_H

/**
   @file
   How ub_conv cuts a layer up, and its weights.

   A line is what shares its input frames: an output frame, or, of a filtered layer
   that makes a mask, the stride's frames of one position.  A tile is some outputs of
   every phase of bins: four where they are filtered, else one.  A term is one
   matrix product: filtered, one of the six, of all phases that take part; else
   one output phase.
*/

#include "model/conv/conv.h"

#define UB_CONV_OUTPUTS  4U ///< Of a filtered tile and phase
#define UB_CONV_FILTERED 6  ///< Terms of F(4, 3)
#define UB_CONV_TERMS    8
#define UB_CONV_PHASES   8 ///< At most, on each axis
#define UB_CONV_NONE     (-1)

/** One product, for every tap of frames: [tiles][depth] x [depth][columns]. */
typedef struct {
    uint32_t depth;
    uint32_t columns;
    uint32_t width;            ///< The columns in whole vectors
    uint32_t input;            ///< Which of the inputs it reads...
    size_t offset;             ///< ...from which value of a tile on
    int in_at[UB_CONV_PHASES]; ///< Where an input phase begins in the depth, or NONE
    int out_at[UB_CONV_PHASES * UB_CONV_PHASES]; ///< Where an output phase begins in the columns
    char* weights[UB_CONV_PHASES]; ///< Of each class, [panel][taps][depth][panel's columns]
} ub_conv_term;

/** A panel of a term's weights. */
typedef struct {
    uint32_t class;
    uint32_t term;
    uint32_t column;  ///< First one
    uint32_t vectors; ///< Of columns: 1 or 2
} ub_conv_panel;

struct ub_conv_s {
    const ub_layer* layer;
    bool planes; ///< Come out, not images
    bool swept;  ///< Computed by model/conv/plane.h, else as below
    bool filtered;
    bool grouped;                    ///< A line is all the stride's frames of one position
    bool half;                       ///< Weights are half-precision numbers
    uint32_t lanes;                  ///< Floats in a vector
    uint32_t in_phases;              ///< Bins
    uint32_t out_phases;             ///< Bins, and frames where grouped: [frame phase][bin phase]
    uint32_t classes;                ///< Frame phases whose lines have taps of their own
    uint32_t taps[UB_CONV_PHASES];   ///< Input frames of a line of each class
    int64_t in_base;                 ///< Bin of the first tile's first input
    int64_t out_base;                ///< Bin of its first output of phase 0
    uint32_t outputs;                ///< Of a tile and phase
    uint32_t tiles;                  ///< Of a line
    uint32_t inputs;                 ///< Images that the terms read
    size_t tile_step[UB_CONV_TERMS]; ///< Values from tile to tile in each input
    size_t row_size[UB_CONV_TERMS];  ///< Values of a frame in each input
    uint32_t terms;
    ub_conv_term term[UB_CONV_TERMS];
    uint32_t panels;
    ub_conv_panel* panel;
    char* weights; ///< Of all terms
    size_t size;   ///< Bytes
};

#endif // UB_MODEL_CONV_PACK_H
