// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_CUDA_PHASES_H
#define UB_MODEL_BACKEND_CUDA_PHASES_H

/**
   @file
   Transposed convolutions cut into ordinary ones.

   Before its crop, output u of a transposed convolution of stride s is the sum
   over taps k of weight[k] * in[(u - k) / s], where that division leaves no
   remainder.  So the outputs of one phase, u = s * q + p, are a convolution of
   stride 1 with the taps p, p + s, p + 2 s..., in reverse.  On two axes there
   are s * s phases; a part computes one of them, or several at once as further
   output channels, whose missing taps are zeros: more sums, but fuller vectors
   where a layer has few filters.
*/

#include "model/network/steps.h"

/** A convolution of stride 1 that computes some phases of a decoder layer. */
typedef struct {
    uint32_t first_phase[2];
    uint32_t phases[2];   ///< Phases on each axis: 1, or all of the stride's
    uint32_t taps[2];     ///< Kernel
    uint32_t in_first[2]; ///< First position of the layer's input that is read
    uint32_t in_size[2];  ///< Positions that are read
    uint32_t pad[2][2];   ///< Zeros before and after them
    uint32_t q_first[2];  ///< q of the first output
    uint32_t out_size[2]; ///< Outputs, at q_first, q_first + 1...
    uint32_t filters;     ///< Output channels: [frame phase][bin phase][layer's filters]
} ub_part;

#define UB_MAX_PARTS 64

/**
   Cut a decoder layer into parts.

   @param out Frames of the (cropped) output that are wanted.
   @param group Whether all phases of an axis are computed by one part.
   @return Number of parts.
*/
uint32_t ub_split(const ub_layer* layer, ub_span out, const bool group[2],
                  ub_part parts[UB_MAX_PARTS]);

/// All frames of the layer's input that these parts read
ub_span ub_parts_input(const ub_part* parts, uint32_t n);

/**
   Weights of a part.

   @param weight The layer's, [inputs][filters][kernel frames][kernel bins].
   @param out [part's filters][inputs][taps frames][taps bins].
*/
void ub_part_weights(const ub_layer* layer, const ub_part* part, const float* weight, float* out);

#endif // UB_MODEL_BACKEND_CUDA_PHASES_H
