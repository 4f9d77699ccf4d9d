// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   A library to preload that ends the program when a thread, between ub_guard_enter
   and ub_guard_leave, calls what an audio thread must not: anything that
   allocates, locks, sleeps or may wait for the kernel.  It also keeps the clock.
*/

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

// Initial-exec: the first use in a thread must not allocate
static __thread bool guarded __attribute__((tls_model("initial-exec")));

EXPORT void ub_guard_enter(void);
EXPORT void ub_guard_leave(void);
EXPORT void ub_guard_pass(double seconds);

void
ub_guard_enter(void)
{
    guarded = true;
}

void
ub_guard_leave(void)
{
    guarded = false;
}

static _Atomic long passed; // ns

/// Put the clock on, so that a test which does not wait seems to run in real time.
void
ub_guard_pass(double seconds)
{
    passed += (long)(1e9 * seconds);
}

EXPORT int
clock_gettime(clockid_t clock, struct timespec* t)
{
    const long status = syscall(SYS_clock_gettime, clock, t);
    if (!status && clock == CLOCK_MONOTONIC) {
        const long ns = t->tv_nsec + passed;
        t->tv_sec += ns / 1000000000;
        t->tv_nsec = ns % 1000000000;
    }
    return (int)status;
}

static void
forbid(const char* what)
{
    if (guarded) {
        guarded = false;
        fprintf(stderr, "guard: %s on the audio thread\n", what);
        abort();
    }
}

// glibc's own names, as dlsym allocates
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t n, size_t size);
extern void* __libc_realloc(void* old, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void* old);

EXPORT void*
malloc(size_t size)
{
    forbid("malloc");
    return __libc_malloc(size);
}

EXPORT void*
calloc(size_t n, size_t size)
{
    forbid("calloc");
    return __libc_calloc(n, size);
}

EXPORT void*
realloc(void* old, size_t size)
{
    forbid("realloc");
    return __libc_realloc(old, size);
}

EXPORT void*
aligned_alloc(size_t alignment, size_t size)
{
    forbid("aligned_alloc");
    return __libc_memalign(alignment, size);
}

EXPORT int
posix_memalign(void** result, size_t alignment, size_t size)
{
    forbid("posix_memalign");
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : 12; // ENOMEM
}

EXPORT void
free(void* old)
{
    forbid("free");
    __libc_free(old);
}

// Everything else: refuse, or pass on to the next library that has it
#define PASS_ON(result, name, parameters, arguments)     \
    EXPORT result name parameters                        \
    {                                                    \
        static result(*next) parameters;                 \
        forbid(#name);                                   \
        if (!next) {                                     \
            void* const found = dlsym(RTLD_NEXT, #name); \
            memcpy(&next, &found, sizeof(next));         \
        }                                                \
        return next arguments;                           \
    }

PASS_ON(int, pthread_mutex_lock, (pthread_mutex_t * m), (m))
PASS_ON(int, pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l))
PASS_ON(int, pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l))
PASS_ON(int, pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t* m), (c, m))
PASS_ON(int, pthread_cond_timedwait,
        (pthread_cond_t * c, pthread_mutex_t* m, const struct timespec* t), (c, m, t))
PASS_ON(int, pthread_join, (pthread_t thread, void** result), (thread, result))
PASS_ON(int, pthread_create,
        (pthread_t * thread, const pthread_attr_t* a, void* (*f)(void*), void* arg),
        (thread, a, f, arg))
PASS_ON(int, sem_wait, (sem_t * s), (s))
PASS_ON(int, sem_timedwait, (sem_t * s, const struct timespec* t), (s, t))
PASS_ON(int, nanosleep, (const struct timespec* t, struct timespec* left), (t, left))
PASS_ON(int, clock_nanosleep,
        (clockid_t clock, int flags, const struct timespec* t, struct timespec* left),
        (clock, flags, t, left))
PASS_ON(int, usleep, (useconds_t t), (t))
PASS_ON(unsigned, sleep, (unsigned t), (t))
PASS_ON(ssize_t, read, (int fd, void* to, size_t n), (fd, to, n))
PASS_ON(ssize_t, write, (int fd, const void* from, size_t n), (fd, from, n))
PASS_ON(int, close, (int fd), (fd))
PASS_ON(int, poll, (struct pollfd * fds, nfds_t n, int t), (fds, n, t))
PASS_ON(FILE*, fopen, (const char* path, const char* mode), (path, mode))
PASS_ON(int, vfprintf, (FILE * to, const char* format, va_list args), (to, format, args))
PASS_ON(size_t, fwrite, (const void* from, size_t size, size_t n, FILE* to), (from, size, n, to))
PASS_ON(int, fflush, (FILE * file), (file))
PASS_ON(void*, mmap, (void* at, size_t n, int protection, int flags, int fd, off_t offset),
        (at, n, protection, flags, fd, offset))
PASS_ON(int, munmap, (void* at, size_t n), (at, n))
PASS_ON(void*, dlopen, (const char* path, int flags), (path, flags))
