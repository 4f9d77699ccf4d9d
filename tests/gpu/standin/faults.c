// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What fails when, and what must not be called when */

#include "model/cuda/queue.h"
#include "tests/gpu/standin/standin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned calls;
static unsigned allocations;
static unsigned launches;
static cudaError_t broken; ///< What the device answers from now on, or success
static bool told;          ///< And has answered: it must not be used again
static _Thread_local bool in_run;

bool
standin_fails(const char* way, unsigned now)
{
    const char* asked = getenv("UNBRAID_STANDIN");
    const size_t n = strlen(way);
    if (!asked || strncmp(asked, way, n)) {
        return false;
    }
    return !asked[n] || (asked[n] == ':' && (unsigned)atoi(asked + n + 1) == now);
}

_Noreturn void
standin_forbid(const char* name, const char* why)
{
    fprintf(stderr, "standin: %s %s\n", name, why);
    abort();
}

static cudaError_t
check_call(const char* name, standin_kind kind)
{
    if (told) {
        standin_forbid(name, "on a lost device");
    }
    if (in_run && kind != STANDIN_PLAIN) {
        standin_forbid(name, kind == STANDIN_WAITS ? "waits in a run" : "allocates in a run");
    }
    if (standin_fails("call", ++calls)) {
        return cudaErrorUnknown;
    }
    if (kind == STANDIN_ALLOCATES && standin_fails("memory", ++allocations)) {
        return cudaErrorMemoryAllocation;
    }
    return cudaSuccess;
}

cudaError_t
standin_call(const char* name, standin_kind kind)
{
    pthread_mutex_lock(&lock);
    const cudaError_t failed = check_call(name, kind);
    pthread_mutex_unlock(&lock);
    return failed;
}

int __real_ub_cuda_run(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n,
                       int urgent, double timeout, char* err);
int __wrap_ub_cuda_run(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n,
                       int urgent, double timeout, char* err);

int
__wrap_ub_cuda_run(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n,
                   int urgent, double timeout, char* err)
{
    in_run = true;
    const int done = __real_ub_cuda_run(queue, plan, items, n, urgent, timeout, err);
    in_run = false;
    return done;
}

bool
standin_launch_lost(void)
{
    pthread_mutex_lock(&lock);
    ++launches;
    broken = standin_fails("error", launches)  ? cudaErrorIllegalAddress
             : standin_fails("hang", launches) ? cudaErrorNotReady
                                               : broken;
    const bool lost = broken;
    pthread_mutex_unlock(&lock);
    return lost;
}

cudaError_t
standin_ask(void)
{
    pthread_mutex_lock(&lock);
    const cudaError_t status = broken;
    told = told || broken;
    pthread_mutex_unlock(&lock);
    return status;
}
