// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/decoder.h"

#include "model/backend/native/encoder.h"

/// What layer i reads and where its output goes
static ub_conv_job
make_job(const ub_native_plan* plan, const ub_native_passage* p, uint32_t i)
{
    const ub_network* net = plan->net;
    const ub_layer* l = &net->unet[0].decoder[i];
    const ub_folded* folded = p->item->folded;
    const uint32_t skipped = l->skip >= 0 ? net->unet[0].encoder[l->skip].filters : 0;
    const uint32_t before = l->inputs - skipped;
    const bool last = i + 1 == net->unet[0].decoders;
    ub_conv_job job = {
        .finish = {&l->activation, folded->decoder_scale[i], folded->decoder_shift[i], l->filters},
        .out = last ? p->item->mask : p->images->decoder[i % 2],
        .out_first = plan->out[i].first,
        .out_step = last ? (size_t)plan->count * net->bins : l->filters};
    job.in[0] =
        i ? (ub_conv_image){p->images->decoder[(i - 1) % 2], plan->in[i].first, before, before}
          : (ub_conv_image){p->images->encoder[net->unet[0].encoders - 1], 0, before, before};
    if (skipped) {
        job.in[1] = (ub_conv_image){p->images->encoder[l->skip], 0, skipped, skipped};
    }
    return job;
}

static void
run_layer(const ub_native_plan* plan, void* scratch, const ub_native_passage* passages, uint32_t n,
          uint32_t i)
{
    ub_conv_job jobs[UB_WINDOWS];
    for (uint32_t k = 0; k < n; ++k) {
        jobs[k] = make_job(plan, &passages[k], i);
    }
    ub_conv_run(plan->store->decoder[i], jobs, n, plan->out[i], scratch);
}

void
ub_native_decode(const ub_native_plan* plan, void* scratch, const ub_native_passage* passages,
                 uint32_t n)
{
    const ub_network* net = plan->net;
    uint32_t alone = net->unet[0].decoders; // from this layer on
    while (alone > 0 && !ub_layer_is_heavy(&net->unet[0].decoder[alone - 1])) {
        --alone;
    }
    for (uint32_t i = 0; i < alone; ++i) {
        run_layer(plan, scratch, passages, n, i);
    }
    for (uint32_t k = 0; k < n; ++k) {
        for (uint32_t i = alone; i < net->unet[0].decoders; ++i) {
            run_layer(plan, scratch, &passages[k], 1, i);
        }
    }
}
