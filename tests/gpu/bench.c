// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  How long a device takes, from host memory to host memory.

  bench BACKEND [MODEL.safetensors|FILTERSxBINS [SECONDS [MOST]]]
  Prints JSON: seconds from the opening of the model to its first mask, the whole network at
  rising batches of up to MOST items, and one item's last frames as a live stream asks for them.
*/

#include "model/backend/cuda/cuda.h"
#include "dsp/clock.h"
#include "model/backend/cuda/library.h"
#include "model/backend/cuda/program.h"
#include "model/backend/cuda/up.h"
#include "tests/bench/job.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 100.0 // ms: more items would tell nothing new

typedef struct {
    const ub_backend* backend;
    ub_runner* runner;
    ub_item items[UB_CUDA_BATCH];
    uint32_t n;
    uint32_t first;
    uint32_t count;
} work;

static bool
run(void* context)
{
    const work* w = (const work*)context;
    return w->backend->run(w->runner, w->items, w->n, w->first, w->count);
}

static _Noreturn void
quit(const char* err)
{
    fprintf(stderr, "%s\n", err);
    exit(1);
}

/// Items of inputs and masks of their own, under all the model's sources by turns
static void
make_items(work* w, const ub_model* model)
{
    const ub_network* net = &model->net;
    const size_t size = (size_t)net->channels * net->frames * net->bins;
    ub_folded* folded[UB_NET_SOURCES];
    for (uint32_t i = 0; i < net->sources; ++i) {
        float condition[UB_NET_SOURCES] = {0.0f};
        condition[i] = 1.0f;
        folded[i] = ub_folded_new(model);
        ub_fold(model, 0, condition, folded[i]);
    }
    for (uint32_t i = 0; i < UB_CUDA_BATCH; ++i) {
        float* input = (float*)malloc(size * sizeof(float));
        for (size_t k = 0; k < size; ++k) {
            input[k] = (float)rand() / (float)RAND_MAX;
        }
        w->items[i] = (ub_item){.input = input,
                                .folded = folded[i % net->sources],
                                .mask = (float*)malloc(size * sizeof(float))};
    }
}

/// Multiply-adds of one item
static double
count_macs(const ub_network* net)
{
    double macs = 0.0;
    for (uint32_t i = 0; i < net->unet[0].encoders + net->unet[0].decoders; ++i) {
        const bool up = i >= net->unet[0].encoders;
        const ub_layer* l =
            up ? &net->unet[0].decoder[i - net->unet[0].encoders] : &net->unet[0].encoder[i];
        const uint32_t* size = up ? l->in_size : l->out_size;
        macs += (double)l->inputs * l->filters * l->kernel[0] * l->kernel[1] * size[0] * size[1];
    }
    return macs;
}

/// Convolutions that are fused, if that was asked for
static uint32_t
count_fused(const ub_backend* backend, const ub_model* model)
{
    static const ub_backend* const order[] = {&ub_backend_cuda, &ub_backend_cuda_tf32,
                                              &ub_backend_cuda_bf16, &ub_backend_cuda_fp16};
    char err[UB_CUDA_TEXT] = "";
    uint32_t precision = 0;
    while (precision < 3 && order[precision] != backend) {
        ++precision;
    }
    const ub_cuda_api* api = backend->device ? ub_cuda_library(err) : NULL;
    if (!api || !ub_cuda_wants_fused()) {
        return 0;
    }
    ub_cuda_program* program =
        ub_cuda_program_new(&model->steps[0], (ub_span){0, model->net.frames});
    ub_cuda_model* weights = ub_cuda_weights_get(model, 0, (ub_cuda_precision)precision, err);
    ub_cuda_queue* queue = weights ? api->queue_new(weights, 1, err) : NULL;
    const int plan = queue ? api->prepare(queue, program, 1, err) : -1;
    if (plan < 0) {
        quit(err);
    }
    const uint32_t fused = api->fused(queue, plan);
    api->queue_free(queue);
    ub_cuda_weights_put(weights);
    free(program);
    return fused;
}

static void
bench_batches(json_t* out, work* w, double macs, double seconds, uint32_t most)
{
    ub_timing ms = {0.0, 0.0};
    for (w->n = 1; w->n <= most && ms.median < LONGEST; w->n *= 4) {
        ms = ub_measure(run, w, seconds);
        json_array_append_new(out, json_pack("{s:i, s:f, s:f, s:f}", "items", (int)w->n,
                                             "median_ms", ms.median, "best_ms", ms.best, "tflops",
                                             2e-9 * macs * w->n / ms.median));
    }
    w->n = 1;
}

int
main(int argc, char** argv)
{
    char err[512] = "";
    const double seconds = argc > 3 ? atof(argv[3]) : 1.0;
    static work w;
    w.backend = ub_backend_find(argc > 1 ? argv[1] : "gpu", err, sizeof(err));
    if (!w.backend) {
        quit(err);
    }
    const double start = ub_now();
    const ub_model* model = ub_bench_model(argc > 2 ? argv[2] : "24x1024");
    const double opened = ub_now();
    make_items(&w, model);
    const double made = ub_now();
    w.runner = w.backend->create(model, err, sizeof(err));
    w.n = 1;
    w.count = model->net.frames;
    if (!w.runner || !run(&w)) {
        quit(w.runner ? "the first run failed" : err);
    }
    const double first = ub_now() - start - (made - opened);
    const double macs = count_macs(&model->net);
    json_t* batches = json_array();
    bench_batches(batches, &w, macs, seconds, argc > 4 ? (uint32_t)atoi(argv[4]) : UB_CUDA_BATCH);
    w.count = 4;
    w.first = model->net.frames - w.count;
    const ub_timing live = ub_measure(run, &w, seconds);
    json_t* all =
        json_pack("{s:s, s:f, s:f, s:i, s:o, s:f, s:f}", "backend", w.backend->name, "first_mask_s",
                  first, "mmac", macs / 1e6, "fused", (int)count_fused(w.backend, model), "batches",
                  batches, "live_ms", live.median, "live_best_ms", live.best);
    json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(5));
    putchar('\n');
    json_decref(all);
    w.backend->destroy(w.runner);
    return 0;
}
