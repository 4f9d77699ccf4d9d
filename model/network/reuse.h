// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_REUSE_H
#define UB_MODEL_NETWORK_REUSE_H

/**
   @file
   Which encoder outputs two overlapping windows of a stream share.

   Row c of the output of an encoder layer, one of its frames, sits c * stride
   frames after the window's first frame, where the stride is that of all layers
   so far.  So windows that begin a multiple of the stride apart have rows in
   common, except those that the zeros before and after a window reach.
*/

#include "model/network/steps.h"

/** What is kept of one layer's output. */
typedef struct {
    uint32_t stride;     ///< Stream frames from row to row
    uint32_t grain;      ///< Stream frames from kept row to kept row, of all windows
    uint32_t kept_first; ///< First row that is kept
    uint32_t kept_end;   ///< The row after the last one that no zeros reach
    uint32_t fresh;      ///< First row that no window before has
    uint32_t slots;      ///< Rows that are kept at a time, 0 for a layer that keeps none
    size_t row_size;     ///< Bytes, of all images that come of the layer's step
} ub_kept;

typedef struct {
    uint32_t step; ///< Stream frames from window to window
    uint32_t layers;
    ub_kept layer[UB_MAX_LAYERS];
    size_t size; ///< Bytes of all kept rows
} ub_reuse;

/** Where one layer's output comes from in a window whose stream is known. */
typedef struct {
    ub_span computed[2]; ///< Count 0 for none.  Rows in neither are kept ones, or not needed
    ub_span kept[2];
} ub_rows;

/**
   Choose what to keep for windows that each begin `step` frames after the one
   before: what saves the most sums for its memory.

   @return False if nothing is worth being kept.
*/
bool ub_reuse_choose(ub_reuse* reuse, const ub_steps* steps, uint32_t step);

/**
   Rows of each encoder layer that make all of the last layer's output, and
   whose skip connections give a decoder what it needs.

   @param skip First row that the decoder reads of each layer's output.
*/
void ub_reuse_rows(const ub_reuse* reuse, const ub_steps* steps, const uint32_t* skip,
                   ub_rows rows[UB_MAX_LAYERS]);

#endif // UB_MODEL_NETWORK_REUSE_H
