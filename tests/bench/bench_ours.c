// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  One chunk at a time on demand, so that others' chunks can be timed in between
  (tests/bench/peers.py).

  bench_ours MODEL INPUT MASK
  Reads network input, [channels][frames][bins] as float, and writes the first
  source's mask likewise.  Then for every line on standard input, a backend's name,
  runs one chunk and prints the ms that it took.
*/

#include "dsp/clock.h"
#include "tests/bench/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_JOBS 8

static void
check(bool ok, const char* what)
{
    if (!ok) {
        fprintf(stderr, "bench_ours: %s failed\n", what);
        exit(1);
    }
}

static void
read_input(const char* path, float* out, size_t n)
{
    FILE* file = fopen(path, "rb");
    check(file && fread(out, sizeof(float), n, file) == n, "reading the input");
    fclose(file);
}

static void
write_mask(const char* path, const float* mask, size_t n)
{
    FILE* file = fopen(path, "wb");
    check(file && fwrite(mask, sizeof(float), n, file) == n && !fclose(file), "writing the mask");
}

static void
serve(ub_job* jobs, size_t n)
{
    char line[64];
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        size_t i = 0;
        while (i < n && strcmp(jobs[i].backend->name, line) != 0) {
            ++i;
        }
        check(i < n, line);
        const double start = ub_now();
        check(ub_job_run(&jobs[i]), line);
        printf("%.6f\n", 1e3 * (ub_now() - start));
        fflush(stdout);
    }
}

int
main(int argc, char** argv)
{
    check(argc == 4, "reading the arguments MODEL INPUT MASK");
    const ub_model* model = ub_bench_model(argv[1]);
    const ub_network* net = &model->net;
    const size_t size = (size_t)net->channels * net->frames * net->bins;
    ub_job jobs[MAX_JOBS];
    size_t n = 0;
    for (const ub_backend* const* b = ub_backends(); *b && n < MAX_JOBS; ++b) {
        if ((*b)->available() && !(*b)->device && strcmp((*b)->name, "reference") != 0) {
            ub_job_open(&jobs[n], *b, model);
            read_input(argv[2], (float*)jobs[n].items[0].input, size);
            check(ub_job_run(&jobs[n]), (*b)->name);
            ++n;
        }
    }
    write_mask(argv[3], jobs[0].items[0].mask, size);
    serve(jobs, n);
    while (n) {
        ub_job_close(&jobs[--n]);
    }
    ub_model_unref(model);
    return 0;
}
