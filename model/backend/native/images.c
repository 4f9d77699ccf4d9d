// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/images.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096U

void*
ub_page_alloc(size_t size)
{
    return aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE);
}

static size_t
output_size(const ub_layer* layer)
{
    return sizeof(float) * layer->filters * layer->out_size[0] * layer->out_size[1];
}

bool
ub_images_make(ub_images* images, const ub_network* net)
{
    size_t most = 1;
    bool ok = true;
    memset(images, 0, sizeof(*images));
    for (uint32_t i = 0; i < net->unet[0].encoders; ++i) {
        images->encoder[i] = (float*)ub_page_alloc(output_size(&net->unet[0].encoder[i]));
        ok = ok && images->encoder[i];
    }
    for (uint32_t i = 0; i + 1 < net->unet[0].decoders; ++i) { // the last one's is the mask
        const size_t size = output_size(&net->unet[0].decoder[i]);
        most = size > most ? size : most;
    }
    images->input = (float*)ub_page_alloc(sizeof(float) * net->channels * net->frames * net->bins);
    images->decoder[0] = (float*)ub_page_alloc(most);
    images->decoder[1] = (float*)ub_page_alloc(most);
    return ok && images->input && images->decoder[0] && images->decoder[1];
}

void
ub_images_free(ub_images* images)
{
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        free(images->encoder[i]);
    }
    free(images->input);
    free(images->decoder[0]);
    free(images->decoder[1]);
}
