// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/weights.h"

#include "model/backend/cuda/phases.h"
#include "model/backend/cuda/up.h"

#include <stdlib.h>

/// Add [a][b][kernel] to the list as [a][kernel][b], a and b padded
static bool
pack(ub_cuda_weight_list* list, const float* from, uint32_t a, uint32_t b, uint32_t kernel)
{
    const size_t size = (size_t)ub_cuda_padded(a) * kernel * ub_cuda_padded(b);
    float* to = from ? (float*)calloc(size, sizeof(float)) : NULL;
    if (!to) {
        return false;
    }
    for (uint32_t i = 0; i < a; ++i) {
        for (uint32_t j = 0; j < b; ++j) {
            for (uint32_t k = 0; k < kernel; ++k) {
                to[((size_t)i * kernel + k) * ub_cuda_padded(b) + j] =
                    from[((size_t)i * b + j) * kernel + k];
            }
        }
    }
    list->tensor[list->n++] = (ub_cuda_weights){to, size};
    return true;
}

static bool
pack_parts(ub_cuda_weight_list* list, const ub_layer* layer, const float* weight, ub_cuda_up up)
{
    const ub_span all = {0, layer->out_size[0]};
    const bool group[2] = {up == UB_UP_GROUPED, up == UB_UP_GROUPED};
    ub_part parts[UB_MAX_PARTS];
    const uint32_t base = list->n;
    bool made = true;
    const uint32_t n = ub_split(layer, all, group, parts);
    for (uint32_t i = 0; made && i < n; ++i) {
        const ub_part* part = &parts[i];
        const uint32_t taps = part->taps[0] * part->taps[1];
        const uint32_t phase = part->first_phase[0] * layer->stride[1] + part->first_phase[1];
        float* values = (float*)malloc(sizeof(float) * part->filters * layer->inputs * taps);
        if (values) {
            ub_part_weights(layer, part, weight, values);
        }
        list->n = base + phase; // an image smaller than the stride lacks some phases
        made = pack(list, values, part->filters, layer->inputs, taps);
        free(values);
    }
    list->n = base + ub_cuda_tensors(layer);
    return made;
}

ub_cuda_weight_list*
ub_cuda_weights_new(const ub_steps* steps)
{
    ub_cuda_weight_list* list = (ub_cuda_weight_list*)calloc(1, sizeof(ub_cuda_weight_list));
    bool made = list;
    for (uint32_t i = 0; made && i < steps->n; ++i) {
        const ub_layer* l = steps->step[i].layer;
        const float* weight = steps->step[i].tensors->weight;
        const uint32_t taps = l->kernel[0] * l->kernel[1];
        if (!l->transposed) {
            made = pack(list, weight, l->filters, l->inputs, taps);
        } else if (ub_cuda_choose_up(l) == UB_UP_GRADIENT) {
            made = pack(list, weight, l->inputs, l->filters, taps);
        } else {
            made = pack_parts(list, l, weight, ub_cuda_choose_up(l));
        }
    }
    if (!made) {
        ub_cuda_weights_free(list);
        return NULL;
    }
    return list;
}

void
ub_cuda_weights_free(ub_cuda_weight_list* list)
{
    for (uint32_t i = 0; list && i < list->n; ++i) {
        free((float*)list->tensor[i].values);
    }
    free(list);
}
