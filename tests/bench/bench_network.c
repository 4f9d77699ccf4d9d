// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  How long the network takes: whole chunks, parts of chunks, and layer by layer.

  bench_network MODEL [SECONDS [FRAMES.tsv]]
  Prints tables on standard error and JSON on standard output, and writes what the last
  frames of a chunk take, by backend, as a table.  MODEL is a weights file, or FILTERSxBINS
  for random weights.
*/

#include "model/backend/native/store.h"
#include "tests/bench/job.h"
#include "tests/bench/peak.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double seconds = 1.0; ///< For each measurement

static double
layer_macs(const ub_layer* l)
{
    const uint32_t* size = l->transposed ? l->in_size : l->out_size;
    return (double)l->inputs * l->filters * l->kernel[0] * l->kernel[1] * size[0] * size[1];
}

/// Whole chunks, one and several at a time
static void
bench_chunks(json_t* out, ub_job* j, double macs, double peak)
{
    for (uint32_t n = 1; n <= UB_BENCH_BATCH; n += UB_BENCH_BATCH - 1) {
        j->n = n;
        const ub_timing ms = ub_measure(ub_job_run, j, seconds);
        const double gflops = 2e-6 * macs * n / ms.median;
        fprintf(stderr, "%-12s %5u %9.2f %9.2f %9.1f %9.0f %%\n", j->backend->name, n, ms.median,
                ms.best, gflops, 100.0 * gflops / peak);
        json_array_append_new(out, json_pack("{s:s, s:i, s:f, s:f, s:f}", "backend",
                                             j->backend->name, "batch", (int)n, "ms", ms.median,
                                             "best_ms", ms.best, "gflops", gflops));
    }
    j->n = 1;
}

/// The next window of a stream.  The frames' values do not matter to the time.
static bool
run_next(void* context)
{
    ub_job* j = (ub_job*)context;
    for (uint32_t i = 0; i < j->n; ++i) {
        j->items[i].start += j->count;
    }
    return ub_job_run(context);
}

/// The same with what the windows before have left.  NAN where nothing is kept.
static double
with_trail(ub_job* j, const ub_model* model)
{
    const ub_backend* b = j->backend;
    ub_trail* trail = b->trail_new ? b->trail_new(model, j->count, 1) : NULL;
    if (!trail) {
        return NAN;
    }
    j->items[0].trail = trail;
    for (uint32_t i = 0; i < j->first; i += j->count) { // until all of it is there
        run_next(j);
    }
    const ub_timing ms = ub_measure(run_next, j, seconds);
    j->items[0].trail = NULL;
    b->trail_free(trail);
    return ms.best;
}

/// Only the last frames of a chunk
static void
bench_counts(json_t* out, FILE* table, ub_job* j, const ub_model* model)
{
    const uint32_t frames = model->net.frames;
    const ub_timing whole = ub_measure(ub_job_run, j, seconds);
    for (uint32_t count = 1; count <= frames; count *= 2) {
        j->count = count;
        j->first = frames - count;
        const ub_timing ms = ub_measure(ub_job_run, j, seconds);
        const double trail = with_trail(j, model);
        fprintf(stderr, "%-12s %7u %9.2f %9.2f %9.0f %% %10.2f %9.0f %%\n", j->backend->name, count,
                ms.median, ms.best, 100.0 * ms.best / whole.best, trail,
                100.0 * trail / whole.best);
        fprintf(table, "%s\t%u\t%.3f\t%.3f\n", j->backend->name, count, ms.best, trail);
        json_t* row =
            json_pack("{s:s, s:i, s:f, s:f, s:f}", "backend", j->backend->name, "count", (int)count,
                      "ms", ms.median, "best_ms", ms.best, "share", ms.best / whole.best);
        if (!isnan(trail)) {
            json_object_set_new(row, "trail_ms", json_real(trail));
            json_object_set_new(row, "trail_share", json_real(trail / whole.best));
        }
        json_array_append_new(out, row);
    }
    fprintf(table, "\n\n");
    j->count = frames;
    j->first = 0;
}

/** One layer, all of it. */
typedef struct {
    const ub_conv* conv;
    ub_conv_job job;
    ub_span rows;
    void* scratch;
} layer_job;

static bool
run_layer(void* context)
{
    const layer_job* l = (const layer_job*)context;
    ub_conv_run(l->conv, &l->job, 1, l->rows, l->scratch);
    return true;
}

/// A layer on zeros, of which there are more than any layer needs
static double
bench_layer(json_t* out, const char* name, const ub_conv* conv, const ub_layer* layer, bool planes,
            const float* zeros, double whole, double peak)
{
    const size_t size = (size_t)layer->out_size[0] * layer->out_size[1] * layer->filters;
    const double macs = layer_macs(layer);
    layer_job l = {.conv = conv, .rows = {0, layer->out_size[0]}, .job = {.n_out = 1}};
    l.scratch = aligned_alloc(4096, (ub_conv_scratch(conv, 1, l.rows.count) + 4095) / 4096 * 4096);
    l.job.in[0] = (ub_conv_image){zeros, {0, layer->in_size[0]}, layer->inputs, layer->inputs};
    l.job.out[0] =
        (ub_conv_out){.finish = {&layer->activation, zeros, zeros, NULL, NULL, layer->filters},
                      .out = (float*)calloc(size, sizeof(float)),
                      .step = planes ? size / layer->filters : layer->filters};
    const double ms = ub_measure(run_layer, &l, seconds).best;
    const double gflops = 2e-6 * macs / ms;
    fprintf(stderr, "%-12s %9.1f %9.3f %9.1f %9.0f %% %9.1f %%\n", name, macs / 1e6, ms, gflops,
            100.0 * gflops / peak, 100.0 * ms / whole);
    json_array_append_new(out, json_pack("{s:s, s:f, s:f, s:f}", "layer", name, "mmac", macs / 1e6,
                                         "ms", ms, "gflops", gflops));
    free(l.scratch);
    free(l.job.out[0].out);
    return ms;
}

/// Layer by layer
static void
bench_layers(json_t* out, const ub_model* model, double whole, double peak)
{
    const ub_steps* steps = &model->steps[0];
    ub_native_store* store = (ub_native_store*)ub_packed_get(model, &ub_native_packing);
    float* zeros = (float*)calloc(1, (size_t)256 << 20);
    char name[32];
    double sum = 0.0;
    for (uint32_t i = 0; i < steps->n; ++i) {
        const bool encoder = i < steps->encoders;
        snprintf(name, sizeof(name), "%s.%u", encoder ? "encoder" : "decoder",
                 encoder ? i : i - steps->encoders);
        sum += bench_layer(out, name, store->net[0].conv[i], steps->step[i].layer,
                           ub_step_makes_planes(steps, i), zeros, whole, peak);
    }
    fprintf(stderr, "%-12s %19.3f %32.1f %%\n", "the rest", whole - sum,
            100.0 * (whole - sum) / whole);
    json_array_append_new(out, json_pack("{s:s, s:f}", "layer", "the rest", "ms", whole - sum));
    ub_packed_put(store);
    free(zeros);
}

static bool
is_slow(const ub_backend* backend)
{
    return !strcmp(backend->name, "reference");
}

static void
bench_all(json_t* root, FILE* table, const ub_model* model)
{
    const double peak = ub_peak_gflops();
    double macs = 0.0;
    for (uint32_t i = 0; i < model->steps[0].n; ++i) {
        macs += layer_macs(model->steps[0].step[i].layer);
    }
    fprintf(stderr, "one core: %.1f GFLOP/s at most; one chunk: %.1f MMAC\n", peak, macs / 1e6);
    json_object_set_new(root, "peak_gflops", json_real(peak));
    json_object_set_new(root, "mmac", json_real(macs / 1e6));
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        if (!(*b)->available() || is_slow(*b)) {
            continue;
        }
        ub_job j;
        ub_job_open(&j, *b, model);
        fprintf(stderr, "\n%-12s batch    median      best   GFLOP/s  of peak\n", "chunks");
        bench_chunks(json_object_get(root, "chunks"), &j, macs, peak);
        fprintf(stderr, "\n%-12s  frames    median      best  of whole   as stream  of whole\n",
                "last frames");
        bench_counts(json_object_get(root, "counts"), table, &j, model);
        if (!strcmp((*b)->name, "native")) {
            fprintf(stderr, "\n%-12s      MMAC        ms   GFLOP/s  of peak  of chunk\n",
                    (*b)->name);
            bench_layers(json_object_get(root, "layers"), model,
                         ub_measure(ub_job_run, &j, seconds).best, peak);
        }
        ub_job_close(&j);
    }
}

int
main(int argc, char** argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_network MODEL [SECONDS [FRAMES.tsv]]\n");
        return 2;
    }
    seconds = argc > 2 ? atof(argv[2]) : 1.0;
    FILE* table = fopen(argc > 3 ? argv[3] : "/dev/null", "w");
    if (!table) {
        perror(argv[3]);
        return 1;
    }
    fprintf(table, "backend\tframes\tms\tms as a stream\n");
    const ub_model* model = ub_bench_model(argv[1]);
    json_t* root = json_pack("{s:[], s:[], s:[]}", "chunks", "counts", "layers");
    bench_all(root, table, model);
    fclose(table);
    json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(5));
    putchar('\n');
    json_decref(root);
    ub_model_unref(model);
    return 0;
}
