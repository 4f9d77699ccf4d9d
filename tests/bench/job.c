// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/bench/job.h"

#include "dsp/clock.h"
#include "tests/unit/make_model.h"

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

const ub_model*
ub_bench_model(const char* name)
{
    char err[256] = "";
    char random[] = "/tmp/unbraid-bench-XXXXXX";
    unsigned filters = 0;
    unsigned bins = 0;
    const bool sizes = sscanf(name, "%ux%u", &filters, &bins) == 2;
    if (sizes) {
        write_random(random, filters, bins);
    }
    const ub_model* model = ub_model_open(sizes ? random : name, err, sizeof(err));
    if (sizes) {
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
    for (uint32_t i = 0; i < UB_BENCH_BATCH; ++i) {
        float condition[UB_NET_SOURCES] = {0.0f};
        condition[i % net->sources] = 1.0f;
        ub_folded* folded = ub_folded_new(model);
        ub_fold(model, 0, condition, folded);
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
