// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_WINO_H
#define UB_MODEL_WINO_H

/**
   @file
   Strided and transposed convolutions with little more than half the
   multiplications: Winograd's minimal filtering F(4, 3) along bins, direct sums
   along frames, in single precision.

   Four outputs of a kernel of three bins come from six products instead of
   twelve.  A kernel of stride s is cut into s kernels of at most three bins, for
   the bins of each phase: of the input where it is strided, of the output where
   it is transposed.  A kernel of two bins takes five products, not eight.
   Because frames are not tiled, an output frame is the same number bit by bit
   whatever other frames are computed with it.
   Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural
   Networks", CVPR 2016; the points are 0, 1, -1, 2, -2 and infinity.
*/

#include "model/phases.h"
#include "model/pixels.h"

/** A layer's transformed weights.  Immutable; any thread may use them. */
typedef struct ub_wino_s ub_wino;

/** A part of an input's channels, as an image [frames][bins][step]. */
typedef struct {
    const float* pixels;
    uint32_t first;    ///< Frame that it begins with
    uint32_t channels; ///< 0 for an absent part
    size_t step;       ///< Values from bin to bin
} ub_wino_image;

/** One image through a layer. */
typedef struct {
    ub_wino_image in[2]; ///< All input channels: the first part's, then the second's
    ub_finish finish;
    float* out;         ///< Image [frames][bins][out_step], or a mask [channels][frames][bins]
    uint32_t out_first; ///< Frame that it begins with
    size_t out_step;    ///< Values from bin to bin; of a mask, from channel to channel
} ub_wino_job;

/// Floats in a vector of this processor: 4, 8 or 16
uint32_t ub_wino_lanes(void);

/// Whether a layer can be computed in this way
bool ub_wino_fits(const ub_layer* layer, bool transposed, bool mask);

/**
   Transform a layer's weights.

   @param layer Must outlive the result.
   @param transposed Whether it is a decoder's layer.
   @param mask Whether it is the last layer, whose output is planes.
   @param weight As in ub_tensors.
   @param lanes Floats in a vector, at most ub_wino_lanes().
   @return NULL without memory.
*/
ub_wino* ub_wino_new(const ub_layer* layer, bool transposed, bool mask, const float* weight,
                     uint32_t lanes);
void ub_wino_free(ub_wino* wino);

/// Bytes of scratch memory that each thread needs for `n` jobs and `rows` output frames
size_t ub_wino_scratch(const ub_wino* wino, uint32_t n, uint32_t rows, int threads);

/// Compute the frames `rows` of n jobs' outputs, on all OpenMP threads
/// @param scratch For each thread, ub_wino_scratch() bytes
void ub_wino_run(const ub_wino* wino, const ub_wino_job* jobs, uint32_t n, ub_span rows,
                 void* scratch);

#endif // UB_MODEL_WINO_H
