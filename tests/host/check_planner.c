// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   Another plugin in the process makes plans with the system's FFTW, on a thread of its own
   and under no lock, while ours are opened and closed and change their models.

     check_planner MODEL: a weights file with other windows than the bundle's.  Ends with 0
     if it ends.
*/

#include "plugin/shell/parameters.h"
#include "tests/host/messages.h"

#include <complex.h> // before fftw3.h, which then uses C's own complex type

#include <fftw3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define RATE      48000.0
#define BLOCK     1024
#define INSTANCES 4
#define SWAPS     4

static atomic_bool stop;

static void*
plan_all_the_time(void* plans)
{
    static const int sizes[] = {512, 1024, 2048, 4096, 8192, 1536, 3000};
    for (unsigned k = 0; !atomic_load(&stop); ++k) {
        const int n = sizes[k % (sizeof(sizes) / sizeof(*sizes))];
        float* const in = fftwf_alloc_real((size_t)n);
        fftwf_complex* const out = fftwf_alloc_complex((size_t)n / 2 + 1);
        fftwf_destroy_plan(fftwf_plan_dft_r2c_1d(n, in, out, FFTW_ESTIMATE));
        fftwf_free(in);
        fftwf_free(out);
        ++*(unsigned*)plans;
    }
    return NULL;
}

static bool
open_and_close(unsigned i)
{
    ub_rig rig;
    const bool opens = ub_rig_open(&rig, i % 2 ? UB_URI_STEREO : UB_URI_MONO, RATE);
    if (opens) {
        ub_rig_close(&rig);
    }
    return opens;
}

/// Run until the plugin tells of a model that it was just given.
static bool
swap(ub_rig* rig, const char* path)
{
    static float buffer[2][BLOCK];
    float* const buffers[2] = {buffer[0], buffer[1]};
    ub_messages_set(rig, path);
    bool told = false;
    for (unsigned i = 0; !told && i < 1000; ++i) {
        ub_rig_run(rig, buffers, buffers, BLOCK);
        told = ub_messages_told(rig);
    }
    return told;
}

int
main(int argc, char** argv)
{
    ub_rig rig;
    if (argc != 2 || !ub_rig_open_with(&rig, UB_URI_STEREO, RATE, ub_messages_features())) {
        return 2;
    }
    *ub_rig_control(&rig, "freewheel") = 1.0f;
    *ub_rig_control(&rig, "response") = 2.0f;
    pthread_t other;
    unsigned plans = 0;
    if (pthread_create(&other, NULL, plan_all_the_time, &plans)) {
        return 2;
    }
    bool fine = true;
    for (unsigned i = 0; i < INSTANCES; ++i) {
        fine = open_and_close(i) && fine;
    }
    for (unsigned i = 0; i < SWAPS; ++i) {
        fine = swap(&rig, i % 2 ? "" : argv[1]) && fine;
    }
    atomic_store(&stop, true);
    pthread_join(other, NULL);
    ub_rig_close(&rig);
    printf("%u plans of the other's\n", plans);
    return fine && plans ? 0 : 1;
}
