// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/plan.h"

#include <omp.h>
#include <string.h>

#define HEAVY (1U << 18) ///< Weights

static void
grow(ub_dnn_plan* plan, size_t scratch)
{
    plan->scratch = scratch > plan->scratch ? scratch : plan->scratch;
}

static bool
build(ub_dnn_plan* plan, ub_dnn_conv* conv, dnnl_engine_t engine, dnnl_memory_t weights)
{
    const bool built = ub_dnn_conv_build(conv, engine, weights);
    grow(plan, built ? ub_dnn_conv_scratch(conv) : 0);
    return built;
}

/// What computes a span of an encoder layer's output
static bool
make_encoder(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, uint32_t i, ub_span out,
             ub_dnn_conv* conv)
{
    const dnnl_engine_t engine = ub_dnn_store_engine(store);
    const ub_layer* l = &net->encoder[i];
    if (plan->own.encoder[i]) {
        return true;
    }
    const ub_dnn_shape shape = {ub_encoder_shape(l, out), &l->activation, plan->half};
    return ub_dnn_conv_describe(conv, engine, &shape) &&
           build(plan, conv, engine, ub_dnn_encoder_weights(store, i, ub_dnn_conv_weights(conv)));
}

/// What computes the rest of an encoder where rows of it are kept
static bool
make_edges(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, const ub_reuse* reuse)
{
    uint32_t skip[UB_MAX_LAYERS];
    for (uint32_t i = 0; i < net->encoders; ++i) {
        skip[i] = net->encoder[i].out_size[0];
    }
    for (uint32_t i = 0; i < net->decoders; ++i) {
        if (net->decoder[i].skip >= 0) {
            uint32_t* first = &skip[net->decoder[i].skip];
            *first = plan->frames.decoder[i].in.first < *first ? plan->frames.decoder[i].in.first
                                                               : *first;
        }
    }
    ub_reuse_rows(reuse, net, skip, plan->rows);
    plan->step = reuse->step;
    bool made = true;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        for (int k = 0; made && k < 2; ++k) {
            const ub_span span = plan->rows[i].computed[k];
            made = !span.count || make_encoder(plan, net, store, i, span, &plan->edge[i][k]);
        }
    }
    return made;
}

static bool
make_part(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, uint32_t i,
          const ub_part* part, ub_dnn_conv* conv)
{
    const dnnl_engine_t engine = ub_dnn_store_engine(store);
    const ub_dnn_shape shape = {ub_part_shape(&net->decoder[i], part), NULL, plan->half};
    return ub_dnn_conv_describe(conv, engine, &shape) &&
           build(plan, conv, engine,
                 ub_dnn_part_weights(store, i, part, ub_dnn_conv_weights(conv)));
}

static bool
make_decoder(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, uint32_t i)
{
    const ub_decoder_plan* d = &plan->frames.decoder[i];
    if (plan->own.decoder[i]) {
        return true;
    }
    plan->decoder[i] = (ub_dnn_conv*)calloc(d->n_parts, sizeof(ub_dnn_conv));
    bool made = plan->decoder[i];
    for (uint32_t k = 0; made && k < d->n_parts; ++k) {
        made = make_part(plan, net, store, i, &d->parts[k], &plan->decoder[i][k]);
    }
    return made;
}

/// Scratch memory for the layers that are not oneDNN's
static void
measure_own(ub_dnn_plan* plan, const ub_network* net, uint32_t items)
{
    for (uint32_t i = 0; i < UB_MAX_LAYERS; ++i) {
        const ub_conv* encoder = plan->own.encoder[i];
        const ub_conv* decoder = plan->own.decoder[i];
        grow(plan, encoder
                       ? ub_conv_scratch(encoder, items, net->encoder[i].out_size[0], plan->threads)
                       : 0);
        grow(plan, decoder
                       ? ub_conv_scratch(decoder, items, net->decoder[i].out_size[0], plan->threads)
                       : 0);
    }
}

bool
ub_dnn_plan_make(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store,
                 const ub_conv_store* own, uint32_t items, bool half, uint32_t first,
                 uint32_t count, const ub_reuse* reuse)
{
    plan->threads = omp_get_max_threads();
    plan->half = half;
    if (own) {
        plan->own = *own;
        measure_own(plan, net, items);
    }
    bool made = ub_frames_plan_make(&plan->frames, net, first, count);
    for (uint32_t i = 0; made && i < net->encoders; ++i) {
        const ub_span all = {0, net->encoder[i].out_size[0]};
        made = make_encoder(plan, net, store, i, all, &plan->encoder[i]);
    }
    for (uint32_t i = 0; made && i < net->decoders; ++i) {
        made = make_decoder(plan, net, store, i);
    }
    return made && (!reuse || make_edges(plan, net, store, reuse));
}

void
ub_dnn_plan_clear(ub_dnn_plan* plan)
{
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        ub_dnn_conv_clear(&plan->encoder[i]);
        ub_dnn_conv_clear(&plan->edge[i][0]);
        ub_dnn_conv_clear(&plan->edge[i][1]);
        for (uint32_t k = 0; plan->decoder[i] && k < plan->frames.decoder[i].n_parts; ++k) {
            ub_dnn_conv_clear(&plan->decoder[i][k]);
        }
        free(plan->decoder[i]);
    }
    ub_frames_plan_clear(&plan->frames);
    memset(plan, 0, sizeof(*plan));
}

bool
ub_layer_is_heavy(const ub_layer* layer)
{
    return layer->inputs * layer->filters * layer->kernel[0] * layer->kernel[1] > HEAVY;
}
