// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_IMAGES_H
#define UB_MODEL_BACKEND_NATIVE_IMAGES_H

/**
   @file
   The images of one pass through a network, [frames][bins][channels], and all
   that moves between them except the convolutions themselves, which are for the
   backend to compute.

   For each item: ub_images_begin(), then the encoder into `encoder`, then
   ub_decoder_begin(); then for each decoder layer its parts into `raw`, and
   ub_decoder_finish(), which gives the next layer's input or the mask.
*/

#include "model/backend/backend.h"
#include "model/network/frames_plan.h"
#include "model/conv/conv.h"

typedef struct {
    const ub_network* net;
    bool half;                    ///< bfloat16, else float
    bool split[UB_MAX_LAYERS];    ///< Decoder layers that read their skip connection from the
                                  ///< encoder's output, so that it is not copied
    void* input;                  ///< Network input
    void* encoder[UB_MAX_LAYERS]; ///< Finished encoder outputs
    void* decoder[2];             ///< Decoder inputs in turns, with the skip connection
    float* raw;                   ///< Convolution outputs of a decoder layer's parts; not owned
} ub_images;

/// Bytes, aligned to a page, for a backend's own buffers too.  Free with free().
void* ub_page_alloc(size_t size);

/// A raw buffer, which several images may share as it is used up in each layer.
/// NULL: no memory.
float* ub_raw_make(const ub_frames_plan* whole);

/// Allocate the images of `images`, zeroed but for `split`.  False: no memory; free them all
/// the same.
bool ub_images_make(ub_images* images, const ub_network* net, bool half, float* raw);
void ub_images_free(ub_images* images);

size_t ub_images_value_size(const ub_images* images);

/// Whether the encoder's outputs are the same under all conditions
bool ub_encoder_is_plain(const ub_network* net);

/// Take an item's input
void ub_images_begin(ub_images* images, const ub_item* item);

/// The first decoder layer's input, frames plan->decoder[0].in
const void* ub_decoder_begin(ub_images* images, const ub_frames_plan* plan);

/// Where a part's input begins in its layer's input
const void* ub_part_input(const ub_images* images, const ub_frames_plan* plan, uint32_t layer,
                          uint32_t part, const void* input);

/// All of a decoder layer that is split; its output is the next layer's input or the mask
ub_conv_job ub_decoder_job(const ub_images* images, const ub_frames_plan* plan, const ub_item* item,
                           uint32_t layer, const void* input);

/// Append the skip connection to a layer's input, if it has one and is not split
void ub_decoder_append(ub_images* images, const ub_frames_plan* plan, uint32_t layer);

/// Finish a decoder layer.  Returns the next layer's input; the last layer
/// goes into the item's mask.
const void* ub_decoder_finish(ub_images* images, const ub_frames_plan* plan, const ub_item* item,
                              uint32_t layer);

#endif // UB_MODEL_BACKEND_NATIVE_IMAGES_H
