// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/decoder.h"

#include "model/backend/native/encoder.h"

/** What all layers run with. */
typedef struct {
    const ub_dnn_plan* plan;
    const ub_network* net;
    dnnl_stream_t stream;
    void* scratch;
} decoder;

/// All parts of a layer, into the raw buffer
static bool
run_parts(const decoder* d, uint32_t i, const ub_dnn_passage* p)
{
    const ub_decoder_plan* layer = &d->plan->frames.decoder[i];
    bool ok = true;
    for (uint32_t n = 0; ok && n < layer->n_parts; ++n) {
        const ub_dnn_buffers buffers = {
            .src = ub_part_input(p->images, &d->plan->frames, i, n, p->input),
            .dst = p->images->raw + layer->raw[n],
            .scratch = d->scratch};
        ok = ub_dnn_conv_run(&d->plan->decoder[i][n], d->stream, &buffers);
    }
    return ok;
}

/// A layer of oneDNN's
static bool
run_convs(const decoder* d, uint32_t i, ub_dnn_passage* passages, uint32_t n)
{
    bool ok = true;
    for (uint32_t k = 0; ok && k < n; ++k) {
        ub_dnn_passage* p = &passages[k];
        ok = run_parts(d, i, p);
        p->input = ub_decoder_finish(p->images, &d->plan->frames, p->item, i);
    }
    return ok;
}

static void
run_own(const decoder* d, uint32_t i, ub_dnn_passage* passages, uint32_t n)
{
    ub_conv_job jobs[UB_DNN_WINDOWS] = {{.out = NULL}};
    const ub_frames_plan* frames = &d->plan->frames;
    for (uint32_t k = 0; k < n; ++k) {
        ub_dnn_passage* p = &passages[k];
        jobs[k] = ub_decoder_job(p->images, frames, p->item, i, p->input);
        p->input = jobs[k].out;
    }
    ub_conv_run(d->plan->own.decoder[i], jobs, n, frames->decoder[i].out, d->scratch);
    for (uint32_t k = 0; i + 1 < d->net->decoders && k < n; ++k) {
        ub_decoder_append(passages[k].images, frames, i + 1);
    }
}

static bool
run_layer(const decoder* d, uint32_t i, ub_dnn_passage* passages, uint32_t n)
{
    if (d->plan->own.decoder[i]) {
        run_own(d, i, passages, n);
        return true;
    }
    return run_convs(d, i, passages, n);
}

bool
ub_dnn_decode(const ub_dnn_plan* plan, dnnl_stream_t stream, void* scratch,
              ub_dnn_passage* passages, uint32_t n)
{
    const ub_network* net = passages->images->net;
    const decoder d = {plan, net, stream, scratch};
    uint32_t alone = net->decoders; // from this layer on
    bool ok = true;
    while (alone > 0 && !ub_layer_is_heavy(&net->decoder[alone - 1])) {
        --alone;
    }
    for (uint32_t k = 0; k < n; ++k) {
        passages[k].input = ub_decoder_begin(passages[k].images, &plan->frames);
    }
    for (uint32_t i = 0; ok && i < alone; ++i) {
        ok = run_layer(&d, i, passages, n);
    }
    for (uint32_t k = 0; k < n; ++k) {
        for (uint32_t i = alone; ok && i < net->decoders; ++i) {
            ok = run_layer(&d, i, &passages[k], 1);
        }
    }
    return ok;
}
