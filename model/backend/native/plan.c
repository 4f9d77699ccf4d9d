// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/plan.h"

#define HEAVY (1U << 18) ///< Weights

/// The first frame that the decoder reads of what an encoder step makes
static uint32_t
first_read(const ub_native_plan* plan, uint32_t encoder)
{
    const ub_steps* steps = plan->steps;
    const ub_step* made = &steps->step[encoder];
    uint32_t first = made->layer->out_size[0];
    for (uint32_t i = steps->encoders; i < steps->n; ++i) {
        const ub_step* step = &steps->step[i];
        const ub_span in = ub_step_input(step->layer, plan->out[i]);
        for (uint32_t k = 0; k < step->n_in * made->n_out; ++k) {
            if (step->in[k / made->n_out] == made->out[k % made->n_out].image) {
                first = in.first < first ? in.first : first;
            }
        }
    }
    return first;
}

void
ub_native_plan_make(ub_native_plan* plan, const ub_steps* steps, const ub_native_net* net,
                    ub_span mask, const ub_reuse* reuse)
{
    ub_span needed[UB_MAX_IMAGES];
    uint32_t skip[UB_MAX_LAYERS];
    *plan = (ub_native_plan){.steps = steps, .net = net, .mask = mask};
    ub_steps_frames(steps, mask, needed);
    for (uint32_t i = 0; i < steps->n; ++i) {
        plan->out[i] = ub_step_output(&steps->step[i], needed);
    }
    if (reuse) {
        plan->step = reuse->step;
        for (uint32_t i = 0; i < steps->encoders; ++i) {
            skip[i] = first_read(plan, i);
            plan->out[i] = (ub_span){0, steps->step[i].layer->out_size[0]}; // all to be kept
        }
        ub_reuse_rows(reuse, steps, skip, plan->rows);
    }
}

bool
ub_layer_is_heavy(const ub_layer* layer)
{
    return layer->inputs * layer->filters * layer->kernel[0] * layer->kernel[1] > HEAVY;
}

bool
ub_encoder_is_plain(const ub_steps* steps)
{
    bool plain = true;
    for (uint32_t i = 0; i < steps->encoders; ++i) {
        const ub_layer* l = steps->step[i].layer;
        plain = plain && l->film == UB_FILM_NONE && l->skip_film == UB_FILM_NONE;
    }
    return plain;
}
