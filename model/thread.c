// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/thread.h"

#include <signal.h>

bool ub_thread_start(pthread_t* thread, void* (*run)(void*), void* arg)
{
    sigset_t all;
    sigset_t old;
    pthread_attr_t attr;
    const struct sched_param normal = {0};
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
    pthread_attr_setschedparam(&attr, &normal);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const bool ok = !pthread_create(thread, &attr, run, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return ok;
}
