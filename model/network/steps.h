// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_STEPS_H
#define UB_MODEL_NETWORK_STEPS_H

/**
   @file
   A U-Net as a list of steps, which is what backends run.

   A step is one convolution or transposed convolution: the images whose channels make its
   input (a skip connection is the second of two), and the images that come of its sums (a
   layer's output, and what of it goes over a skip connection where that is another).  Steps
   stand in the order in which they can be computed.  What they have to compute for some
   frames of the mask, ub_steps_frames() says.
*/

#include "model/network/network.h"

/** Tensors of one layer.  Norm pointers are NULL for a layer without it. */
typedef struct {
    const float* weight; ///< Encoder [filters][inputs][kernel frames][kernel bins],
                         ///< decoder [inputs][filters][...], dense [units][inputs]
    const float* bias;   ///< [filters]
    const float* gain;   ///< norm.weight [filters]
    const float* offset; ///< norm.bias [filters]
    const float* mean;   ///< norm.mean [filters]
    const float* var;    ///< norm.var [filters]
} ub_tensors;

/** A range of positions on the frame axis. */
typedef struct {
    uint32_t first; ///< From the oldest one, 0, on
    uint32_t count;
} ub_span;

/** An image between steps, [channels][frames][bins]. */
typedef struct {
    uint32_t channels;
    uint32_t size[2];
} ub_image;

/**
   An image that comes of a step's sums, channel by channel:
   y = gain * activation(scale * sum + shift) + offset, without gain and offset if not `after`.
*/
typedef struct {
    uint32_t image;
    bool skip; ///< It is only what goes over a skip connection
    ub_activation activation;
    bool after;       ///< Gain and offset follow the activation
    uint32_t numbers; ///< Where the condition's numbers for it begin in ub_folded.numbers:
                      ///< scale [filters], shift [filters], then gain and offset if `after`
} ub_step_out;

#define UB_MAX_STEP_IMAGES 2 ///< In, and out

typedef struct {
    const ub_layer* layer;     ///< Its sizes; which of the two convolutions it is
    const ub_tensors* tensors; ///< NULL without a model
    uint32_t n_in;
    uint32_t in[UB_MAX_STEP_IMAGES]; ///< Images, in the order of the weights' input channels
    uint32_t n_out;
    ub_step_out out[UB_MAX_STEP_IMAGES];
} ub_step;

#define UB_MAX_STEPS  (2 * UB_MAX_LAYERS)
#define UB_MAX_IMAGES (1 + UB_MAX_STEP_IMAGES * UB_MAX_STEPS)

typedef struct {
    uint32_t n;
    ub_step step[UB_MAX_STEPS]; ///< Those of the encoder first, each on the one before
    uint32_t encoders;          ///< How many those are
    uint32_t images;
    ub_image image[UB_MAX_IMAGES]; ///< 0: the network's input; the last one: the mask
    uint32_t numbers;              ///< That a condition folds to
} ub_steps;

/// Lower the description of a U-Net, which must outlive the steps
void ub_steps_make(ub_steps* steps, const ub_network* net, const ub_unet* unet);

/// Numbers that an image has in a folded condition
uint32_t ub_step_numbers(const ub_step* step, const ub_step_out* finish);

/// Frames of its input that a step needs for those frames of its output, without the zeros
/// around it
ub_span ub_step_input(const ub_layer* layer, ub_span out);

/**
   The frames that are needed of every image.

   @param mask Wanted frames of the mask.
   @param needed For each image, without gaps; count 0 for what is not needed.  A step that
   computes several images has to compute ub_step_output() of them.
*/
void ub_steps_frames(const ub_steps* steps, ub_span mask, ub_span needed[UB_MAX_IMAGES]);

/// The frames that a step has to compute where these are needed of images
ub_span ub_step_output(const ub_step* step, const ub_span* needed);

#endif // UB_MODEL_NETWORK_STEPS_H
