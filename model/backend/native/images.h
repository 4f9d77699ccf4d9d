// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_IMAGES_H
#define UB_MODEL_BACKEND_NATIVE_IMAGES_H

/**
   @file
   The images of one pass through a network, [frames][bins][channels].
*/

#include "model/network/network.h"

typedef struct {
    float* input;                  ///< Network input
    float* encoder[UB_MAX_LAYERS]; ///< Encoder outputs, which decoder layers read as they are
    float* decoder[2];             ///< Decoder outputs in turns
} ub_images;

/// Bytes, aligned to a page.  Free with free().
void* ub_page_alloc(size_t size);

/// Allocate a pass's images.  False: no memory; free them all the same.
bool ub_images_make(ub_images* images, const ub_network* net);
void ub_images_free(ub_images* images);

#endif // UB_MODEL_BACKEND_NATIVE_IMAGES_H
