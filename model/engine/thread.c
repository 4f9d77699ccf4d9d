// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/thread.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

bool
ub_thread_start(pthread_t* thread, void* (*run)(void*), void* arg)
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

void
ub_thread_init_lock(pthread_mutex_t* lock)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

// The calling thread's real-time priority, or 0
static int
priority(void)
{
    struct sched_param param = {0};
    const int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
    const bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;
    return realtime && !sched_getparam(0, &param) ? param.sched_priority : 0;
}

bool
ub_thread_outranks(void)
{
    return priority() > sched_get_priority_min(SCHED_FIFO);
}

void
ub_thread_set_realtime(bool realtime)
{
    struct rlimit limit;
    const struct sched_param lowest = {sched_get_priority_min(SCHED_FIFO)};
    const struct sched_param normal = {0};
    if (realtime == (priority() > 0)) {
        return;
    }
    if (!realtime) {
        // Who has no privileges may not take the flag back
        sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &normal);
    } else if (!getrlimit(RLIMIT_RTTIME, &limit) && limit.rlim_cur == RLIM_INFINITY) {
        sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest);
    }
}
