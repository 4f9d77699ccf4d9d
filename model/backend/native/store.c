// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/store.h"

#include <stdlib.h>

/// Pixels for which filtering gains more than reading twice as many weights costs
#define LEAST_PIXELS 96U
/// Channels for which it gains more than transforming them costs
#define LEAST_INPUTS 3U

bool
ub_step_makes_planes(const ub_steps* steps, uint32_t step)
{
    return step + 1 == steps->n || steps->step[step].layer->filters == 1;
}

static void
free_store(void* weights)
{
    ub_native_store* store = (ub_native_store*)weights;
    for (int i = 0; i < UB_MAX_UNETS * UB_MAX_STEPS; ++i) {
        ub_conv_free(store->net[i / UB_MAX_STEPS].conv[i % UB_MAX_STEPS]);
    }
    free(store);
}

/// Whether filtering gains
static bool
gains(const ub_layer* layer, bool planes)
{
    const uint32_t* size = layer->transposed ? layer->in_size : layer->out_size;
    return size[0] * size[1] >= LEAST_PIXELS && (planes || layer->inputs >= LEAST_INPUTS);
}

static bool
make_net(ub_native_net* net, const ub_steps* steps)
{
    bool ok = true;
    ub_layout_make(&net->layout, steps);
    for (uint32_t i = 0; ok && i < steps->n; ++i) {
        const ub_step* step = &steps->step[i];
        const bool planes = ub_step_makes_planes(steps, i);
        const bool filtered = gains(step->layer, planes) && ub_conv_can_filter(step->layer, planes);
        net->conv[i] = ub_conv_new(step->layer, planes, filtered, step->tensors->weight);
        ok = net->conv[i];
    }
    return ok;
}

static void*
make_store(const ub_model* model)
{
    ub_native_store* store = (ub_native_store*)calloc(1, sizeof(ub_native_store));
    bool ok = store;
    for (uint32_t i = 0; ok && i < model->net.unets; ++i) {
        ok = make_net(&store->net[i], &model->steps[i]);
    }
    if (store && !ok) {
        free_store(store);
        return NULL;
    }
    return store;
}

const ub_packing ub_native_packing = {make_store, free_store};
