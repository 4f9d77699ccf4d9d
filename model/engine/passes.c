// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/passes.h"

#include <string.h>

_Static_assert(UB_MAX_PASSES >= UB_MASK_PASSES && UB_MAX_PASSES <= UINT8_MAX, "see their numbers");

uint32_t
ub_passes_most(const ub_network* net, uint32_t conditions)
{
    const float nothing[UB_NET_SOURCES] = {0.0f};
    ub_pass passes[UB_MASK_PASSES];
    const uint32_t shared =
        ub_masks_are_shared(net, true) ? ub_mask_passes(net, true, nothing, passes) : 0;
    if (ub_masks_are_shared(net, false)) {
        return shared;
    }
    uint32_t own = net->unets > 1 ? 0 : conditions;
    for (uint32_t u = 0; net->unets > 1 && u < net->unets; ++u) {
        // Each choice of its sources, or as many as asked
        const uint32_t choices = (1U << net->unet[u].sources) - 1;
        const uint32_t asked = conditions * net->unet[u].sources;
        own += choices < asked ? choices : asked;
    }
    return own > shared ? own : shared;
}

void
ub_passes_begin(ub_passes* p, const ub_network* net, bool thorough)
{
    p->net = net;
    p->thorough = thorough;
    p->n = 0;
    p->conditions = 0;
}

// The number of a pass, which is added if it is new
static uint32_t
number(ub_passes* p, const ub_pass* pass)
{
    uint32_t i = 0;
    while (i < p->n && (p->pass[i].unet != pass->unet ||
                        memcmp(p->pass[i].condition, pass->condition, sizeof(pass->condition)))) {
        ++i;
    }
    if (i == p->n) {
        p->pass[p->n++] = *pass;
    }
    return i;
}

void
ub_passes_add(ub_passes* p, const float* condition)
{
    ub_pass passes[UB_MASK_PASSES];
    const uint32_t c = p->conditions++;
    p->condition[c] = condition;
    p->n_of[c] = ub_mask_passes(p->net, p->thorough, condition, passes);
    for (uint32_t k = 0; k < p->n_of[c]; ++k) {
        p->of[c][k] = (uint8_t)number(p, &passes[k]);
    }
}

void
ub_passes_masks(const ub_passes* p, float* const* output, const float* input, uint32_t first,
                uint32_t count, float* const* made, const float** masks)
{
    const bool shared = ub_masks_are_shared(p->net, p->thorough);
    const uint32_t step = shared ? p->conditions : 1; // conditions that need the same
    for (uint32_t c = 0; c < p->conditions; c += step) {
        const float* outputs[UB_MASK_PASSES] = {NULL};
        for (uint32_t k = 0; k < p->n_of[c]; ++k) {
            outputs[k] = output[p->of[c][k]];
        }
        if (ub_mask_is_made(p->net)) {
            const ub_mask_parts parts = {outputs, input, first, count};
            ub_masks_make(p->net, p->thorough, step, p->condition + c, &parts, made + c);
        }
        for (uint32_t k = c; k < c + step; ++k) {
            masks[k] = ub_mask_is_made(p->net) ? made[k] : outputs[0];
        }
    }
}
