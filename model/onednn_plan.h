// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ONEDNN_PLAN_H
#define UB_MODEL_ONEDNN_PLAN_H

/**
   @file
   The convolutions that compute certain frames of a network's mask: the whole
   encoder, and in the decoder only what these frames need.
*/

#include "model/onednn_conv.h"
#include "model/onednn_store.h"
#include "model/phases.h"

/** One part of a decoder layer. */
typedef struct {
    ub_part part;
    ub_dnn_conv conv;
    size_t raw; ///< Where its output begins in the raw buffer, values
} ub_dnn_part;

typedef struct {
    ub_span in;  ///< Frames of the layer's input that are present
    ub_span out; ///< Frames of its output that are computed
    uint32_t n_parts;
    ub_dnn_part* parts;
} ub_dnn_decoder;

typedef struct {
    uint32_t first; ///< Frames of the mask
    uint32_t count;
    int threads; ///< OpenMP threads that the convolutions are made for
    bool half;
    ub_dnn_conv encoder[UB_MAX_LAYERS];
    ub_dnn_decoder decoder[UB_MAX_LAYERS];
    size_t scratch;  ///< Bytes of scratch memory that any convolution needs
    uint64_t used;   ///< When it was last used, for its owner
} ub_dnn_plan;

/**
   Fill in a zeroed plan.

   @param half Compute in bfloat16.
   @return False if oneDNN cannot; the plan must be cleared all the same.
*/
bool ub_dnn_plan_make(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, bool half,
                      uint32_t first, uint32_t count);

void ub_dnn_plan_clear(ub_dnn_plan* plan);

/// Values that a decoder layer's parts put out in all
size_t ub_dnn_raw_size(const ub_dnn_decoder* decoder);

#endif // UB_MODEL_ONEDNN_PLAN_H
