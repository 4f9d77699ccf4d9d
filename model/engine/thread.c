// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/thread.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/** What a thread is started with. */
typedef struct {
    void* (*run)(void*);
    void* arg;
} orders;

// Where the process may run: as its first thread may
static bool
find_cores(cpu_set_t* cores)
{
    return !sched_getaffinity(getpid(), sizeof(*cores), cores);
}

// Run where and as nicely as the process's first thread.  Who has no privileges may not be less
// nice than the thread that called.
static void*
begin(void* arg)
{
    const orders o = *(orders*)arg;
    cpu_set_t cores;
    free(arg);
    if (find_cores(&cores)) {
        sched_setaffinity(0, sizeof(cores), &cores);
    }
    const int nice = getpriority(PRIO_PROCESS, (id_t)getpid());
    if (nice != getpriority(PRIO_PROCESS, 0)) {
        setpriority(PRIO_PROCESS, 0, nice); // 0: this thread alone
    }
    return o.run(o.arg);
}

static void
set_attributes(pthread_attr_t* attr)
{
    const struct sched_param normal = {0};
    pthread_attr_init(attr);
    pthread_attr_setinheritsched(attr, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(attr, SCHED_OTHER);
    pthread_attr_setschedparam(attr, &normal);
}

bool
ub_thread_start(pthread_t* thread, void* (*run)(void*), void* arg)
{
    sigset_t all;
    sigset_t old;
    pthread_attr_t attr;
    orders* o = malloc(sizeof(*o));
    if (!o) {
        return false;
    }
    *o = (orders){run, arg};
    sigfillset(&all);
    set_attributes(&attr);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const bool ok = !pthread_create(thread, &attr, begin, o);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (!ok) {
        free(o);
    }
    return ok;
}

unsigned
ub_thread_cores(void)
{
    cpu_set_t cores;
    const long n = find_cores(&cores) ? CPU_COUNT(&cores) : sysconf(_SC_NPROCESSORS_ONLN);
    return n > 1 ? (unsigned)n : 1;
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

static atomic_uint forks;
static pthread_once_t watch = PTHREAD_ONCE_INIT;

static void
count_fork(void)
{
    atomic_fetch_add(&forks, 1);
}

static void
watch_forks(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

unsigned
ub_thread_process(void)
{
    pthread_once(&watch, watch_forks);
    return atomic_load(&forks);
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

// Whether the system would end a program that computes in real time for long
static bool
is_limited(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_RTTIME, &limit) || limit.rlim_cur != RLIM_INFINITY;
}

void
ub_thread_set_realtime(bool realtime)
{
    const struct sched_param lowest = {sched_get_priority_min(SCHED_FIFO)};
    const struct sched_param normal = {0};
    const bool wanted = realtime && !is_limited();
    if (wanted == (priority() > 0)) {
        return;
    }
    if (wanted) {
        sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest);
    } else {
        // Who has no privileges may not take the flag back
        sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &normal);
    }
}
