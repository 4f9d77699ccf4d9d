// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_THREAD_H
#define UB_MODEL_ENGINE_THREAD_H

/**
   @file
   Threads of our own beside those of a host.
*/

#include <pthread.h>
#include <stdbool.h>

/// Start a thread that takes no signals, which are the host's.  It inherits nothing from the
/// calling thread, which may be real-time, nice or bound to a core: it runs where and as nicely
/// as the process's first thread.  False if there can be no more.
bool ub_thread_start(pthread_t* thread, void* (*run)(void*), void* arg);

/// Cores that the process's first thread may run on, at least 1
unsigned ub_thread_cores(void);

/// A number that is another one in a child after fork(), where no thread but the forking one is
/// left.  Real-time safe after the first call.
unsigned ub_thread_process(void);

/// Make a lock of threads of several priorities: whoever holds it has that of the most
/// urgent one that waits for it.
void ub_thread_init_lock(pthread_mutex_t* lock);

/// Whether the calling thread has a real-time priority and others may have one below it.
/// Real-time safe.
bool ub_thread_outranks(void);

/// Give the calling thread the lowest real-time priority, or none again.  None where that is not
/// permitted, or where the system would end a program that computes at such a priority for long
/// (RLIMIT_RTTIME), which is looked up each time: hosts set it when they like.  Threads that it
/// starts have none.
void ub_thread_set_realtime(bool realtime);

#endif // UB_MODEL_ENGINE_THREAD_H
