// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/plan.h"

#define HEAVY (1U << 18) ///< Weights

/// The rest of an encoder where rows of it are kept
static void
find_rows(ub_native_plan* plan, const ub_reuse* reuse)
{
    const ub_network* net = plan->net;
    uint32_t skip[UB_MAX_LAYERS];
    for (uint32_t i = 0; i < net->unet[0].encoders; ++i) {
        skip[i] = net->unet[0].encoder[i].out_size[0];
    }
    for (uint32_t i = 0; i < net->unet[0].decoders; ++i) {
        if (net->unet[0].decoder[i].skip >= 0) {
            uint32_t* first = &skip[net->unet[0].decoder[i].skip];
            *first = plan->in[i].first < *first ? plan->in[i].first : *first;
        }
    }
    ub_reuse_rows(reuse, net, skip, plan->rows);
    plan->step = reuse->step;
}

void
ub_native_plan_make(ub_native_plan* plan, const ub_network* net, const ub_native_store* store,
                    uint32_t first, uint32_t count, const ub_reuse* reuse)
{
    ub_span span = {first, count};
    *plan = (ub_native_plan){.net = net, .store = store, .first = first, .count = count};
    for (uint32_t i = net->unet[0].decoders; i-- > 0;) {
        plan->out[i] = span;
        span = plan->in[i] = ub_conv_input(store->decoder[i], span);
    }
    if (reuse) {
        find_rows(plan, reuse);
    }
}

bool
ub_layer_is_heavy(const ub_layer* layer)
{
    return layer->inputs * layer->filters * layer->kernel[0] * layer->kernel[1] > HEAVY;
}

bool
ub_encoder_is_plain(const ub_network* net)
{
    bool plain = true;
    for (uint32_t i = 0; i < net->unet[0].encoders; ++i) {
        plain = plain && net->unet[0].encoder[i].film == UB_FILM_NONE;
    }
    return plain;
}
