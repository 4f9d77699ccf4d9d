// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/onednn_plan.h"

#include <omp.h>
#include <string.h>

#define LANES 16U ///< Output channels that a vector holds

static bool
build(ub_dnn_plan* plan, ub_dnn_conv* conv, dnnl_engine_t engine, dnnl_memory_t weights)
{
    const bool built = ub_dnn_conv_build(conv, engine, weights);
    const size_t scratch = built ? ub_dnn_conv_scratch(conv) : 0;
    plan->scratch = scratch > plan->scratch ? scratch : plan->scratch;
    return built;
}

static bool
make_encoder(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, uint32_t i)
{
    const dnnl_engine_t engine = ub_dnn_store_engine(store);
    const ub_layer* l = &net->encoder[i];
    ub_dnn_conv* conv = &plan->encoder[i];
    ub_dnn_shape shape = {.inputs = l->inputs,
                          .filters = l->filters,
                          .activation = &l->activation,
                          .half = plan->half};
    memcpy(shape.in_size, l->in_size, sizeof(l->in_size));
    memcpy(shape.out_size, l->out_size, sizeof(l->out_size));
    memcpy(shape.kernel, l->kernel, sizeof(l->kernel));
    memcpy(shape.stride, l->stride, sizeof(l->stride));
    memcpy(shape.pad, l->pad, sizeof(l->pad));
    return ub_dnn_conv_describe(conv, engine, &shape) &&
           build(plan, conv, engine, ub_dnn_encoder_weights(store, i, ub_dnn_conv_weights(conv)));
}

static bool
make_part(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, uint32_t i, ub_dnn_part* p)
{
    const dnnl_engine_t engine = ub_dnn_store_engine(store);
    ub_dnn_shape shape = {.inputs = net->decoder[i].inputs,
                          .filters = p->part.filters,
                          .stride = {1, 1},
                          .half = plan->half};
    memcpy(shape.in_size, p->part.in_size, sizeof(shape.in_size));
    memcpy(shape.out_size, p->part.out_size, sizeof(shape.out_size));
    memcpy(shape.kernel, p->part.taps, sizeof(shape.kernel));
    memcpy(shape.pad, p->part.pad, sizeof(shape.pad));
    return ub_dnn_conv_describe(&p->conv, engine, &shape) &&
           build(plan, &p->conv, engine,
                 ub_dnn_part_weights(store, i, &p->part, ub_dnn_conv_weights(&p->conv)));
}

static bool
make_decoder(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, uint32_t i, ub_span out)
{
    ub_dnn_decoder* d = &plan->decoder[i];
    ub_part parts[UB_MAX_PARTS];
    bool group[2] = {false, false};
    ub_best_group(&net->decoder[i], LANES, group);
    d->out = out;
    d->n_parts = ub_split(&net->decoder[i], out, group, parts);
    d->in = ub_parts_input(parts, d->n_parts);
    d->parts = (ub_dnn_part*)calloc(d->n_parts, sizeof(ub_dnn_part));
    bool made = d->parts;
    size_t raw = 0;
    for (uint32_t k = 0; made && k < d->n_parts; ++k) {
        d->parts[k].part = parts[k];
        d->parts[k].raw = raw;
        raw += (size_t)parts[k].filters * parts[k].out_size[0] * parts[k].out_size[1];
        made = make_part(plan, net, store, i, &d->parts[k]);
    }
    return made;
}

bool
ub_dnn_plan_make(ub_dnn_plan* plan, const ub_network* net, ub_dnn_store* store, bool half,
                 uint32_t first, uint32_t count)
{
    plan->first = first;
    plan->count = count;
    plan->threads = omp_get_max_threads();
    plan->half = half;
    bool made = true;
    for (uint32_t i = 0; made && i < net->encoders; ++i) {
        made = make_encoder(plan, net, store, i);
    }
    ub_span out = {first, count};
    for (uint32_t i = net->decoders; made && i-- > 0;) {
        made = make_decoder(plan, net, store, i, out);
        out = plan->decoder[i].in;
    }
    return made;
}

void
ub_dnn_plan_clear(ub_dnn_plan* plan)
{
    for (int i = 0; i < UB_MAX_LAYERS; ++i) {
        ub_dnn_decoder* d = &plan->decoder[i];
        ub_dnn_conv_clear(&plan->encoder[i]);
        for (uint32_t k = 0; d->parts && k < d->n_parts; ++k) {
            ub_dnn_conv_clear(&d->parts[k].conv);
        }
        free(d->parts);
    }
    memset(plan, 0, sizeof(*plan));
}

size_t
ub_dnn_raw_size(const ub_dnn_decoder* decoder)
{
    const ub_dnn_part* last = &decoder->parts[decoder->n_parts - 1];
    return last->raw + (size_t)last->part.filters * last->part.out_size[0] * last->part.out_size[1];
}
