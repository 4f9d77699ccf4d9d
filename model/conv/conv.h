// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_CONV_H
#define UB_MODEL_CONV_CONV_H

/**
   @file
   Strided and transposed convolutions of images [frames][bins][channels] in single
   precision, from the input to the finished output: nothing is written in between.

   Layers with large images are filtered: computed with little more than half the
   multiplications by Winograd's minimal filtering F(4, 3) along bins.  Four outputs
   of a kernel of three bins come from six products instead of twelve.  A kernel of
   stride s is cut into s kernels of at most three bins, for the bins of each phase:
   of the input where it is strided, of the output where it is transposed.  A kernel
   of two bins takes five products, not eight.
   Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural
   Networks", CVPR 2016; the points are 0, 1, -1, 2, -2 and infinity.

   Layers with small images are computed directly: what takes their time is reading
   the weights, of which filtering makes more than twice as many.  Weights that
   are half-precision numbers stay so.  Input frames outside the image are left out,
   three in ten of the smallest ones, and the weights that follow are fetched
   meanwhile.  Layers of one or two input channels are computed directly as well,
   and so are those that filtering does not fit.  Stride 1 with planes for outputs:
   see model/conv/plane.h.

   Frames are summed directly, so an output frame is the same number bit by bit
   whatever other frames are computed with it.
*/

#include "model/conv/pixels.h"
#include "model/network/steps.h"

/** A layer's packed weights.  Immutable; any thread may use them. */
typedef struct ub_conv_s ub_conv;

/** A part of an input's channels, as an image [frames][bins][step]. */
typedef struct {
    const float* pixels; ///< Frame 0
    ub_span there;       ///< Frames that are there; others are taken as zeros
    uint32_t channels;   ///< 0 for an absent part
    size_t step;         ///< Values from bin to bin
} ub_conv_image;

/** What becomes of the sums. */
typedef struct {
    ub_finish finish;
    float* out;     ///< Image [frames][bins][step], or planes [filters][frames][bins]
    uint32_t first; ///< Frame that it begins with
    size_t step;    ///< Values from bin to bin; of planes, from plane to plane
} ub_conv_out;

#define UB_CONV_OUTS 2

/** One image through a layer. */
typedef struct {
    ub_conv_image in[2]; ///< All input channels: the first part's, then the second's
    ub_conv_out out[UB_CONV_OUTS];
    uint32_t n_out;
} ub_conv_job;

/// Whether a layer can be filtered.  Any can be computed directly.
/// @param planes Whether its outputs are planes.
bool ub_conv_can_filter(const ub_layer* layer, bool planes);

/**
   Pack a layer's weights.

   @param layer Must outlive the result.
   @param planes Whether its outputs are planes, as the mask is, rather than images.
   @param weight As in ub_tensors.
   @return NULL without memory.
*/
ub_conv* ub_conv_new(const ub_layer* layer, bool planes, bool filtered, const float* weight);
void ub_conv_free(ub_conv* conv);

/// Bytes of scratch memory for at most n jobs and `rows` output frames
size_t ub_conv_scratch(const ub_conv* conv, uint32_t n, uint32_t rows);

/// Compute the frames `rows` of n jobs' outputs.  Jobs that all read the same images differ in
/// what follows the convolution, which is computed once.
/// @param scratch ub_conv_scratch() bytes
void ub_conv_run(const ub_conv* conv, const ub_conv_job* jobs, uint32_t n, ub_span rows,
                 void* scratch);

#endif // UB_MODEL_CONV_CONV_H
