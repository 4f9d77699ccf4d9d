// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_THREAD_H
#define UB_MODEL_THREAD_H

/**
   @file
   Threads of our own beside those of a host.
*/

#include <pthread.h>
#include <stdbool.h>

/// Start a thread that takes no signals, which are the host's, and does not inherit the
/// real-time priority that the calling thread may have.  False if there can be no more.
bool ub_thread_start(pthread_t* thread, void* (*run)(void*), void* arg);

#endif // UB_MODEL_THREAD_H
