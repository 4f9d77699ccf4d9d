// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   Run a model on one chunk, for tests of the converters.

   cli_masks MODEL BACKEND INPUT OUTPUT CONDITION...
   Files are float [channels][frames][bins]; one condition number per source.
*/

#include "tests/unit/run_model.h"

#include <stdio.h>
#include <stdlib.h>

static bool
transfer(const char* path, const char* mode, float* values, size_t n)
{
    FILE* file = fopen(path, mode);
    const bool done = file && (*mode == 'r' ? fread(values, sizeof(float), n, file)
                                            : fwrite(values, sizeof(float), n, file)) == n;
    return file && !fclose(file) && done;
}

static bool
run(const ub_model* model, const ub_backend* backend, char** args, char* err, size_t err_size)
{
    const ub_network* net = &model->net;
    const size_t size = (size_t)net->channels * net->frames * net->bins;
    float* input = (float*)malloc(size * sizeof(float));
    float* mask = (float*)malloc(size * sizeof(float));
    ub_runner* runner = backend->create(model, err, err_size);
    float condition[UB_TEST_CONDITIONS][UB_NET_SOURCES] = {{0.0f}};
    for (uint32_t i = 0; i < net->sources && args[2 + i]; ++i) {
        condition[0][i] = (float)atof(args[2 + i]);
    }
    const bool done =
        runner && transfer(args[0], "rb", input, size) &&
        ub_test_masks(backend, runner, model, input, false, 1, condition, 0, net->frames, &mask) &&
        transfer(args[1], "wb", mask, size);
    backend->destroy(runner);
    free(input);
    free(mask);
    return done;
}

int
main(int argc, char** argv)
{
    char err[256] = "failed";
    if (argc < 6) {
        fprintf(stderr, "usage: cli_masks MODEL BACKEND INPUT OUTPUT CONDITION...\n");
        return 2;
    }
    const ub_model* model = ub_model_open(argv[1], err, sizeof(err));
    const ub_backend* backend = model ? ub_backend_find(argv[2], err, sizeof(err)) : NULL;
    const bool done = backend && run(model, backend, argv + 3, err, sizeof(err));
    if (!done) {
        fprintf(stderr, "cli_masks: %s\n", err);
    }
    ub_model_unref(model);
    return !done;
}
