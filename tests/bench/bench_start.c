// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  What a model takes in a process of its own: time to the first mask, memory, and a
  change of condition.

  bench_start MODEL.safetensors
  Prints a table on standard error and JSON on standard output.  The file should have
  been read before: it is not the disk that is measured.
*/

#include "dsp/clock.h"
#include "tests/bench/job.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A change of condition. */
typedef struct {
    const ub_model* model;
    ub_folded* folded;
    float condition[UB_NET_SOURCES];
} change;

static bool
run_change(void* context)
{
    change* c = (change*)context;
    ub_fold(c->model, 0, c->condition, c->folded);
    return true;
}

/// Most memory that this process has had, MB
static double
peak_memory(void)
{
    char line[128];
    double kib = 0.0;
    FILE* file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (!strncmp(line, "VmHWM:", 6)) {
            kib = atof(line + 6);
        }
    }
    if (file) {
        fclose(file);
    }
    return kib * 1024.0 / 1e6;
}

static double
change_ms(const ub_model* model)
{
    change c = {model, ub_folded_new(model), {1.0f}};
    const double ms = ub_measure(run_change, &c, 0.2).median;
    ub_folded_free(c.folded);
    return ms;
}

int
main(int argc, char** argv)
{
    char err[256] = "";
    if (argc != 2) {
        fprintf(stderr, "usage: bench_start MODEL.safetensors\n");
        return 2;
    }
    const double before = peak_memory();
    const double start = ub_now();
    const ub_model* model = ub_bench_model(argv[1]);
    const double opened = ub_now();
    const ub_backend* backend = ub_backend_find("cpu", err, sizeof(err));
    ub_job job;
    ub_job_open(&job, backend, model);
    const double ready = ub_now();
    ub_job_run(&job);
    const double done = ub_now();
    const double memory = peak_memory();
    const double fold = change_ms(model);
    fprintf(stderr,
            "%s: open %.0f ms, pack %.0f ms, first mask %.0f ms, in all %.0f ms\n"
            "at most %.0f MB (%.0f before the model); a change of condition %.3f ms\n",
            backend->name, 1e3 * (opened - start), 1e3 * (ready - opened), 1e3 * (done - ready),
            1e3 * (done - start), memory, before, fold);
    json_t* root = json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f}", "backend", backend->name,
                             "open_ms", 1e3 * (opened - start), "pack_ms", 1e3 * (ready - opened),
                             "first_mask_ms", 1e3 * (done - start), "memory_mb", memory,
                             "memory_before_mb", before, "condition_ms", fold);
    json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(5));
    putchar('\n');
    json_decref(root);
    ub_job_close(&job);
    ub_model_unref(model);
    return 0;
}
