// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/store.h"

#include <stdlib.h>

/// Pixels for which filtering gains more than reading twice as many weights costs
#define LEAST_PIXELS 96U
/// Channels for which it gains more than transforming them costs
#define LEAST_INPUTS 3U

static void
free_store(void* weights)
{
    ub_native_store* store = (ub_native_store*)weights;
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        ub_conv_free(store->encoder[i]);
        ub_conv_free(store->decoder[i]);
    }
    free(store);
}

/// Whether filtering gains
static bool
gains(const ub_layer* layer, ub_conv_kind kind)
{
    const uint32_t* size = kind == UB_CONV_STRIDED ? layer->out_size : layer->in_size;
    return size[0] * size[1] >= LEAST_PIXELS &&
           (kind == UB_CONV_MASK || layer->inputs >= LEAST_INPUTS);
}

static ub_conv*
make_layer(const ub_layer* layer, ub_conv_kind kind, const float* weight)
{
    const bool filtered = gains(layer, kind) && ub_conv_can_filter(layer, kind);
    return ub_conv_new(layer, kind, filtered, weight, ub_conv_lanes());
}

static void*
make_store(const ub_model* model)
{
    const ub_network* net = &model->net;
    ub_native_store* store = (ub_native_store*)calloc(1, sizeof(ub_native_store));
    bool ok = store;
    for (uint32_t i = 0; ok && i < net->unet[0].encoders; ++i) {
        store->encoder[i] =
            make_layer(&net->unet[0].encoder[i], UB_CONV_STRIDED, model->unet[0].encoder[i].weight);
        ok = store->encoder[i];
    }
    for (uint32_t i = 0; ok && i < net->unet[0].decoders; ++i) {
        const ub_conv_kind kind =
            i + 1 == net->unet[0].decoders ? UB_CONV_MASK : UB_CONV_TRANSPOSED;
        store->decoder[i] =
            make_layer(&net->unet[0].decoder[i], kind, model->unet[0].decoder[i].weight);
        ok = store->decoder[i];
    }
    if (store && !ok) {
        free_store(store);
        return NULL;
    }
    return store;
}

const ub_packing ub_native_packing = {make_store, free_store};
