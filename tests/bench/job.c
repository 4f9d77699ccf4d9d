// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/bench/job.h"

#include "dsp/clock.h"
#include "tests/unit/make_model.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_TIMES 4096

static int
compare(const void* a, const void* b)
{
    const double x = *(const double*)a;
    const double y = *(const double*)b;
    return (x > y) - (x < y);
}

ub_timing
ub_measure(bool (*run)(void* context), void* context, double seconds)
{
    static double times[MAX_TIMES];
    size_t n = 0;
    if (!run(context) || !run(context)) { // warm up
        fprintf(stderr, "a run failed\n");
        exit(1);
    }
    const double start = ub_now();
    while (n < MAX_TIMES && (n < 5 || ub_now() - start < seconds)) {
        const double before = ub_now();
        run(context);
        times[n++] = ub_now() - before;
    }
    qsort(times, n, sizeof(times[0]), compare);
    return (ub_timing){1e3 * times[n / 2], 1e3 * times[0]};
}

/// Write random weights of a network to a new file
static void
write_random(char* path, uint32_t filters, uint32_t bins)
{
    const ub_test_model_options options = {
        .window = 2 * bins, .frames = 128, .filters = filters, .depth = 6};
    const int fd = mkstemp(path);
    if (fd < 0 || close(fd) || !ub_test_write_model(path, &options)) {
        fprintf(stderr, "%s cannot be written\n", path);
        exit(1);
    }
}

/// Layer i of one of Spleeter's networks: six down, six up, and the last
static json_t*
spleeter_layer(uint32_t i)
{
    if (i < 6) {
        const bool last = i == 5; // as it is, the decoder's input
        json_t* linear = json_pack("{s:s}", "kind", "linear");
        json_t* leaky = json_pack("{s:s, s:f}", "kind", "leaky_relu", "slope", 0.2);
        json_t* layer = json_pack(
            "{s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:s, s:s, s:b, s:s, s:O, s:o}", "filters",
            16 << i, "kernel", 5, 5, "stride", 2, 2, "pad", 1, 2, 1, 2, "film", "none", "order",
            "norm_first", "raw_skip", !last, "skip_film", "none", "activation",
            last ? linear : leaky, "norm", last ? json_null() : json_pack("{s:f}", "eps", 1e-3));
        json_decref(linear);
        json_decref(leaky);
        return layer;
    }
    if (i < 12) {
        const uint32_t up = i - 6;
        return json_pack("{s:s, s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:o, s:{s:f}, s:s, s:s, "
                         "s:{s:s}}",
                         "kind", "transposed", "filters", up < 5 ? 256 >> up : 1, "kernel", 5, 5,
                         "stride", 2, 2, "crop", 1, 2, 1, 2, "skip",
                         up ? json_integer(5 - (int)up) : json_null(), "norm", "eps", 1e-3, "film",
                         "none", "order", "activation_first", "activation", "kind", "relu");
    }
    return json_pack("{s:s, s:i, s:[i,i], s:[i,i], s:[[i,i],[i,i]], s:n, s:n, s:s, s:s, s:{s:s}}",
                     "kind", "conv", "filters", 2, "kernel", 4, 4, "dilation", 2, 2, "pad", 3, 3, 3,
                     3, "skip", "norm", "film", "none", "order", "norm_first", "activation", "kind",
                     "sigmoid");
}

/// Write random weights of two networks as Spleeter's to a new file
static void
write_spleeter(char* path)
{
    json_t* root =
        json_pack("{s:[s,s], s:{s:i, s:i, s:i, s:i, s:i, s:i, s:i}, s:f, s:{s:f, s:f}, s:n, "
                  "s:{s:b, s:{s:f, s:f}}, s:[]}",
                  "sources", "vocals", "accompaniment", "stft", "sample_rate", 44100, "channels", 2,
                  "window", 4096, "hop", 1024, "frames", 128, "first_bin", 0, "bins", 1024,
                  "dropped_mask", 0.0, "input", "scale", 1.0, "power", 1.0, "level", "mask",
                  "softmax", 0, "ratio", "exponent", 2.0, "epsilon", 1e-10, "networks");
    for (uint32_t k = 0; k < 2; ++k) {
        json_t* net = json_pack("{s:[O], s:n, s:[], s:[]}", "sources",
                                json_array_get(json_object_get(root, "sources"), k), "control",
                                "encoder", "decoder");
        for (uint32_t i = 0; i < 13; ++i) {
            json_array_append_new(json_object_get(net, i < 6 ? "encoder" : "decoder"),
                                  spleeter_layer(i));
        }
        json_array_append_new(json_object_get(root, "networks"), net);
    }
    char* description = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    const int fd = mkstemp(path);
    if (fd < 0 || close(fd) || !description || !ub_test_write_network(path, description, 1)) {
        fprintf(stderr, "%s cannot be written\n", path);
        exit(1);
    }
    free(description);
}

const ub_model*
ub_bench_model(const char* name)
{
    char err[256] = "";
    char random[] = "/tmp/unbraid-bench-XXXXXX";
    unsigned filters = 0;
    unsigned bins = 0;
    const bool sizes = sscanf(name, "%ux%u", &filters, &bins) == 2;
    const bool made = sizes || !strcmp(name, "spleeter");
    if (sizes) {
        write_random(random, filters, bins);
    } else if (made) {
        write_spleeter(random);
    }
    const ub_model* model = ub_model_open(made ? random : name, err, sizeof(err));
    if (made) {
        unlink(random);
    }
    if (!model) {
        fprintf(stderr, "%s\n", err);
        exit(1);
    }
    return model;
}

bool
ub_job_run(void* context)
{
    ub_job* j = (ub_job*)context;
    return j->backend->run(j->runner, j->items, j->n, j->first, j->count);
}

void
ub_job_open(ub_job* j, const ub_backend* backend, const ub_model* model)
{
    const ub_network* net = &model->net;
    const size_t size = (size_t)net->channels * net->frames * net->bins;
    char err[256] = "";
    memset(j, 0, sizeof(*j));
    j->backend = backend;
    j->runner = backend->create(model, err, sizeof(err));
    if (!j->runner) {
        fprintf(stderr, "%s\n", err);
        exit(1);
    }
    float* input = (float*)malloc(size * sizeof(float));
    uint64_t random = 1;
    for (size_t i = 0; i < size; ++i) {
        const double u = ub_test_random(&random);
        input[i] = (float)(u * u);
    }
    for (uint32_t i = 0; i < UB_BENCH_BATCH; ++i) { // of several U-Nets, each in turns
        float condition[UB_NET_SOURCES] = {0.0f};
        condition[i % net->sources] = 1.0f;
        ub_folded* folded = ub_folded_new(model);
        ub_fold(model, i % net->unets, condition, folded);
        j->items[i] = (ub_item){
            .input = input, .folded = folded, .mask = (float*)malloc(size * sizeof(float))};
    }
    j->n = 1;
    j->count = net->frames;
}

void
ub_job_close(ub_job* j)
{
    free((void*)j->items[0].input);
    for (uint32_t i = 0; i < UB_BENCH_BATCH; ++i) {
        ub_folded_free((ub_folded*)j->items[i].folded);
        free(j->items[i].mask);
    }
    j->backend->destroy(j->runner);
}
