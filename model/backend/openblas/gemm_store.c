// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/openblas/gemm_store.h"

#include "model/network/frames_plan.h"
#include "model/backend/openblas/gemm_conv.h"
#include "model/backend/native/images.h"

#include <stdlib.h>

static void
free_store(void* weights)
{
    ub_gemm_store* store = (ub_gemm_store*)weights;
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        free(store->encoder[i]);
        for (uint32_t k = 0; k < UB_MAX_PARTS; ++k) {
            free(store->decoder[i][k]);
        }
    }
    free(store);
}

static size_t
shape_size(const ub_conv_shape* s)
{
    return (size_t)s->filters * s->inputs * s->kernel[0] * s->kernel[1];
}

static bool
pack_encoder(ub_gemm_store* store, uint32_t i)
{
    const ub_layer* l = &store->model->net.encoder[i];
    const ub_conv_shape shape = ub_encoder_shape(l, (ub_span){0, l->out_size[0]});
    store->encoder[i] = (float*)ub_page_alloc(shape_size(&shape) * sizeof(float));
    if (store->encoder[i]) {
        ub_gemm_pack(&shape, store->model->encoder[i].weight, store->encoder[i]);
    }
    return store->encoder[i];
}

/// Parts differ from plan to plan in their spans, not in their phases
static uint32_t
part_key(const ub_layer* layer, const ub_part* part)
{
    return part->first_phase[0] * layer->stride[1] + part->first_phase[1];
}

static bool
pack_part(ub_gemm_store* store, uint32_t i, const ub_part* part)
{
    const ub_layer* l = &store->model->net.decoder[i];
    const ub_conv_shape shape = ub_part_shape(l, part);
    float* weights = (float*)malloc(shape_size(&shape) * sizeof(float));
    float* packed = (float*)ub_page_alloc(shape_size(&shape) * sizeof(float));
    if (weights && packed) {
        ub_part_weights(l, part, store->model->decoder[i].weight, weights);
        ub_gemm_pack(&shape, weights, packed);
    }
    store->decoder[i][part_key(l, part)] = packed;
    const bool ok = weights && packed;
    free(weights);
    return ok;
}

static bool
pack_all(ub_gemm_store* store)
{
    const ub_network* net = &store->model->net;
    ub_frames_plan plan = {0};
    bool ok = ub_frames_plan_make(&plan, net, 0, net->frames);
    for (uint32_t i = 0; ok && i < net->encoders; ++i) {
        ok = pack_encoder(store, i);
    }
    for (uint32_t i = 0; ok && i < net->decoders; ++i) {
        for (uint32_t n = 0; ok && n < plan.decoder[i].n_parts; ++n) {
            ok = pack_part(store, i, &plan.decoder[i].parts[n]);
        }
    }
    ub_frames_plan_clear(&plan);
    return ok;
}

static void*
make_store(const ub_model* model)
{
    ub_gemm_store* store = (ub_gemm_store*)calloc(1, sizeof(ub_gemm_store));
    if (store) {
        store->model = model;
    }
    if (store && !pack_all(store)) {
        free_store(store);
        return NULL;
    }
    return store;
}

const ub_packing ub_gemm_packing = {make_store, free_store};

const float*
ub_gemm_part_weights(const ub_gemm_store* store, uint32_t layer, const ub_part* part)
{
    return store->decoder[layer][part_key(&store->model->net.decoder[layer], part)];
}
