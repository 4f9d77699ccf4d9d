// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/wino_store.h"

#include "model/onednn_version.h"

#include <stdlib.h>

/// Pixels that a layer's weights, twice as large then, must serve at least
#define LEAST_PIXELS 96U

static void
free_store(void* weights)
{
    ub_wino_store* store = (ub_wino_store*)weights;
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        ub_wino_free(store->encoder[i]);
        ub_wino_free(store->decoder[i]);
    }
    free(store);
}

/// The processor's vectors, or as much of them as oneDNN is told to use
static uint32_t
lanes(void)
{
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    const uint32_t most = ub_wino_lanes();
    if ((isa & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core) {
        return most;
    }
    const uint32_t allowed = (isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2 ? 8 : 4;
    return most < allowed ? most : allowed;
}

/// Whether a layer's images are large enough for it to gain
static bool
pays(const ub_layer* layer, bool transposed)
{
    const uint32_t* size = transposed ? layer->in_size : layer->out_size;
    return size[0] * size[1] >= LEAST_PIXELS;
}

static bool
make_layer(ub_wino** out, const ub_layer* layer, bool transposed, bool mask, const float* weight)
{
    if (!ub_wino_fits(layer, transposed, mask) || !pays(layer, transposed)) {
        return true;
    }
    *out = ub_wino_new(layer, transposed, mask, weight, lanes());
    return *out;
}

static void*
make_store(const ub_model* model)
{
    const ub_network* net = &model->net;
    ub_wino_store* store = (ub_wino_store*)calloc(1, sizeof(ub_wino_store));
    bool ok = store;
    for (uint32_t i = 0; ok && i < net->encoders; ++i) {
        ok = make_layer(&store->encoder[i], &net->encoder[i], false, false,
                        model->encoder[i].weight);
    }
    for (uint32_t i = 0; ok && i < net->decoders; ++i) {
        ok = make_layer(&store->decoder[i], &net->decoder[i], true, i + 1 == net->decoders,
                        model->decoder[i].weight);
    }
    if (store && !ok) {
        free_store(store);
        return NULL;
    }
    return store;
}

const ub_packing ub_wino_packing = {make_store, free_store};
