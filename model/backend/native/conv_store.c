// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/conv_store.h"

#include "model/backend/native/version.h"

#include <stdlib.h>

/// Pixels for which filtering gains more than reading twice as many weights costs
#define LEAST_PIXELS 96U
/// Channels for which it gains more than transforming them costs
#define LEAST_INPUTS 3U

static void
free_store(void* weights)
{
    ub_conv_store* store = (ub_conv_store*)weights;
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        ub_conv_free(store->encoder[i]);
        ub_conv_free(store->decoder[i]);
    }
    free(store);
}

/// The processor's vectors, or as much of them as oneDNN is told to use
static uint32_t
lanes(void)
{
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    const uint32_t most = ub_conv_lanes();
    if ((isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core) {
        return most;
    }
    const uint32_t allowed = (isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2 ? 8 : 4;
    return most < allowed ? most : allowed;
}

/// Whether filtering gains
static bool
gains(const ub_layer* layer, ub_conv_kind kind)
{
    const uint32_t* size = kind == UB_CONV_STRIDED ? layer->out_size : layer->in_size;
    return size[0] * size[1] >= LEAST_PIXELS &&
           (kind == UB_CONV_MASK || layer->inputs >= LEAST_INPUTS);
}

static bool
make_layer(ub_conv** out, const ub_layer* layer, ub_conv_kind kind, const float* weight)
{
    const bool filtered = gains(layer, kind) && ub_conv_fits(layer, kind, true);
    if (!filtered && !ub_conv_fits(layer, kind, false)) {
        return true;
    }
    *out = ub_conv_new(layer, kind, filtered, weight, lanes());
    return *out;
}

static void*
make_store(const ub_model* model)
{
    const ub_network* net = &model->net;
    ub_conv_store* store = (ub_conv_store*)calloc(1, sizeof(ub_conv_store));
    bool ok = store;
    for (uint32_t i = 0; ok && i < net->encoders; ++i) {
        ok = make_layer(&store->encoder[i], &net->encoder[i], UB_CONV_STRIDED,
                        model->encoder[i].weight);
    }
    for (uint32_t i = 0; ok && i < net->decoders; ++i) {
        const bool last = i + 1 == net->decoders;
        ok = make_layer(&store->decoder[i], &net->decoder[i],
                        last ? UB_CONV_MASK : UB_CONV_TRANSPOSED, model->decoder[i].weight);
    }
    if (store && !ok) {
        free_store(store);
        return NULL;
    }
    return store;
}

const ub_packing ub_conv_packing = {make_store, free_store};
