// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/layout.h"

#include <stdlib.h>

#define PAGE 4096U

void*
ub_page_alloc(size_t size)
{
    return aligned_alloc(PAGE, (size + PAGE - 1) / PAGE * PAGE);
}

/// Values of an image, in whole pages
static size_t
room(const ub_image* image)
{
    const size_t page = PAGE / sizeof(float);
    const size_t size = (size_t)image->channels * image->size[0] * image->size[1];
    return (size + page - 1) / page * page;
}

/// Whether a step after the next one reads it, or what follows the encoder: several conditions
/// may share the encoder's images
static bool
stays(const ub_steps* steps, uint32_t image, uint32_t made_by)
{
    bool read = false;
    const bool last = made_by + 1 == steps->encoders;
    for (uint32_t i = made_by + (last ? 1 : 2); i < steps->n; ++i) {
        for (uint32_t k = 0; k < steps->step[i].n_in; ++k) {
            read = read || steps->step[i].in[k] == image;
        }
    }
    return read;
}

/// Call twice: first to measure what the two places must hold, then to give images theirs
static void
place(ub_layout* layout, const ub_steps* steps, size_t turn[2])
{
    layout->size = room(&steps->image[0]) + turn[0] + turn[1];
    for (uint32_t i = 0; i + 1 < steps->n; ++i) {
        for (uint32_t k = 0; k < steps->step[i].n_out; ++k) {
            const uint32_t image = steps->step[i].out[k].image;
            const size_t size = room(&steps->image[image]);
            if (stays(steps, image, i)) {
                layout->at[image] = layout->size;
                layout->size += size;
            } else {
                layout->at[image] = room(&steps->image[0]) + (i % 2 ? turn[0] : 0);
                turn[i % 2] = size > turn[i % 2] ? size : turn[i % 2];
            }
        }
    }
}

void
ub_layout_make(ub_layout* layout, const ub_steps* steps)
{
    size_t turn[2] = {0, 0};
    *layout = (ub_layout){{0}, 0};
    place(layout, steps, turn);
    place(layout, steps, turn);
}
