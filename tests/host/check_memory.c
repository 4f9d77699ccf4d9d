// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   That run() never waits for the system to give it a page of memory, not even while another
   model takes over.

     check_memory MODEL: a weights file with longer windows than the bundle's.
*/

#include "plugin/shell/parameters.h"
#include "tests/host/messages.h"
#include "tests/host/tap.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BLOCK 1024

static float in[2][BLOCK];
static float out[8][BLOCK];

static long
page_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/// Run until a model that was just set plays; faults in run(), or -1 if it never does.
static long
swap(ub_rig* rig, const char* path, const char* told_as)
{
    float* ins[2] = {in[0], in[1]};
    float* outs[8];
    for (int c = 0; c < 8; ++c) {
        outs[c] = out[c];
    }
    long faults = 0;
    bool plays = false;
    ub_messages_set(rig, path);
    for (int i = 0; !plays && i < 5000; ++i) {
        const long before = page_faults();
        ub_rig_run(rig, ins, outs, BLOCK);
        faults += page_faults() - before;
        const char* const told = ub_messages_told(rig);
        plays = told && strstr(told, told_as);
        usleep(1000); // the loader and the engine work meanwhile
    }
    return plays ? faults : -1;
}

static void
check_shape(const ub_shape* shape, double rate, const char* model)
{
    ub_rig rig;
    if (!ub_ok(ub_rig_open_with(&rig, shape->uri, rate, ub_messages_features()), "%s opens",
               shape->uri)) {
        return;
    }
    // Once, so that all code has run
    const bool changes = swap(&rig, model, model) >= 0 && swap(&rig, "", "default") >= 0;
    ub_ok(changes, "%s: the model changes", shape->uri);
    const long there = swap(&rig, model, model);
    const long back = swap(&rig, "", "default");
    ub_ok(!there && !back, "%s at %g Hz: %ld and %ld page faults while a model takes over",
          shape->uri, rate, there, back);
    ub_rig_close(&rig);
}

int
main(int argc, char** argv)
{
    uint32_t seed = 1;
    for (int i = 0; i < BLOCK; ++i) {
        seed = seed * 1664525u + 1013904223u;
        in[0][i] = in[1][i] = (float)(seed >> 8) / 33554432.0f - 0.25f;
    }
    memset(out, 1, sizeof(out));
    for (int s = 0; argc == 2 && s < UB_SHAPES; ++s) {
        check_shape(&ub_shapes[s], 48000.0, argv[1]);
        check_shape(&ub_shapes[s], 192000.0, argv[1]);
    }
    return ub_done();
}
