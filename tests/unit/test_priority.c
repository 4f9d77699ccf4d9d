// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What priority the engine's threads compute at: below the audio thread's, whatever that
   is.  Skipped where threads may not be real-time. */

#include "model/backend/reference/reference.h"
#include "model/engine/engine.h"
#include "model/engine/thread.h"

#include "tests/unit/one_model.h"
#include "tests/unit/stub_client.h"
#include "tests/unit/stub_device.h"

#include <linux/capability.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define AUDIO     10 // The audio thread's priority
#define REAL_TIME (SCHED_FIFO | SCHED_RESET_ON_FORK)
#define EXPIRY    100.0 // s

static ub_engine* engine;
static ub_client* client;

/* The calling thread's, 0 for an ordinary one.  False if it may not have that. */
static bool
set_priority(int priority)
{
    const struct sched_param param = {priority};
    return !sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param);
}

/* The one that takes over from the stub, and what it was made at */
static ub_backend heir;
static int heir_policy;

static ub_runner*
make_heir(const ub_model* m, char* err, size_t err_size)
{
    heir_policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
    return ub_backend_reference.create(m, err, err_size);
}

/* An engine of one worker, whose runs wait at the stub's gate */
static int
open_engine(void** state)
{
    (void)state;
    static const ub_backend* const backends[] = {&stub_device_backend, &heir, NULL};
    char err[256];
    heir = ub_backend_reference;
    heir.create = make_heir;
    stub_device_reset();
    engine =
        ub_engine_new(&(ub_engine_options){.workers = 1, .backends = backends}, err, sizeof(err));
    client = engine ? stub_client_new(engine, model) : NULL;
    atomic_store(&stub_device.gated, true);
    return client ? 0 : -1;
}

static int
close_engine(void** state)
{
    (void)state;
    set_priority(0);
    ub_client_free(client);
    ub_engine_free(engine);
    return 0;
}

/* Ask as a thread of that priority */
static void
ask(int priority, double expiry)
{
    if (!set_priority(priority)) {
        skip();
    }
    stub_client_ask(client, 1.0f, 4, 1.0, expiry);
    set_priority(0);
}

static void
take_answer(void)
{
    ub_masker* m = ub_client_masker(client);
    sem_post(&stub_device.gate);
    m->release(m, stub_client_answer(client));
}

static void
assert_rank(int run, bool real_time)
{
    assert_int_equal(stub_device.policy[run] | SCHED_RESET_ON_FORK,
                     real_time ? REAL_TIME : SCHED_OTHER | SCHED_RESET_ON_FORK);
    assert_int_equal(stub_device.priority[run], real_time ? sched_get_priority_min(SCHED_FIFO) : 0);
}

/* Real-time for a thread that is, and below it, from its first job on; ordinary for all
   others: those that are not, that nothing fits below, or that wait */
static void
test_workers_follow_the_audio_thread(void** state)
{
    (void)state;
    const int lowest = sched_get_priority_min(SCHED_FIFO);
    ask(AUDIO, EXPIRY);
    take_answer();
    ask(0, EXPIRY);
    take_answer();
    ask(lowest + 1, EXPIRY);
    take_answer();
    ask(lowest, EXPIRY);
    take_answer();
    ask(AUDIO, EXPIRY);
    take_answer();
    ask(AUDIO, INFINITY);
    take_answer();
    static const bool real_time[] = {true, false, true, false, true, false};
    for (int i = 0; i < 6; ++i) {
        assert_rank(i, real_time[i]);
    }
}

static void*
look(void* policy)
{
    *(int*)policy = sched_getscheduler(0);
    return NULL;
}

/* Threads of ours that a real-time thread starts are ordinary ones */
static void
test_threads_do_not_inherit(void** state)
{
    (void)state;
    pthread_t thread;
    int policy = -1;
    if (!set_priority(AUDIO)) {
        skip();
    }
    const bool started = ub_thread_start(&thread, look, &policy);
    set_priority(0);
    assert_true(started);
    pthread_join(thread, NULL);
    assert_int_equal(policy, SCHED_OTHER);
}

/* The calling thread loses what root may do to priorities, if it could */
static void
become_user(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    syscall(SYS_capget, &header, data);
    data[CAP_TO_INDEX(CAP_SYS_NICE)].effective &= ~CAP_TO_MASK(CAP_SYS_NICE);
    syscall(SYS_capset, &header, data);
}

static void*
rise_and_fall(void* policies)
{
    int* policy = policies;
    ub_thread_set_realtime(true);
    policy[0] = sched_getscheduler(0);
    become_user();
    ub_thread_set_realtime(false);
    policy[1] = sched_getscheduler(0);
    return NULL;
}

/* A thread without privileges can go back, too */
static void
test_priority_can_be_given_back(void** state)
{
    (void)state;
    pthread_t thread;
    int policy[2] = {-1, -1};
    assert_true(ub_thread_start(&thread, rise_and_fall, policy));
    pthread_join(thread, NULL);
    if (policy[0] != REAL_TIME) {
        skip();
    }
    assert_int_equal(policy[1] & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
}

/* Work that does not end is no longer done before everybody else's, until there has been
   none; nor is a job that will take as long by itself.  All well within 0.2 s. */
static void
test_too_much_work_makes_way(void** state)
{
    (void)state;
    atomic_store(&stub_device.busy, 60);
    for (int i = 0; i < 3; ++i) {
        ask(AUDIO, EXPIRY);
    }
    for (int i = 0; i < 3; ++i) {
        take_answer();
    }
    assert_rank(0, true);
    assert_rank(1, false);
    assert_rank(2, false);
    int last = 2;
    do {
        usleep(10000); // a rest, as soon as it finds that there is nothing to do
        ask(AUDIO, EXPIRY);
        take_answer();
    } while (stub_device.policy[++last] != REAL_TIME && last < STUB_RUNS - 3);
    assert_rank(last, true);
    atomic_store(&stub_device.busy, 130);
    for (int i = 0; i < 2; ++i) {
        usleep(10000);
        ask(AUDIO, EXPIRY);
        take_answer();
    }
    assert_rank(last + 2, false);
}

/* What takes over from a lost device is made at leisure */
static void
test_takeover_is_made_at_leisure(void** state)
{
    (void)state;
    ask(AUDIO, EXPIRY);
    take_answer();
    heir_policy = -1;
    atomic_store(&stub_device.lost, true);
    ask(AUDIO, EXPIRY);
    take_answer();
    assert_rank(1, true);
    assert_int_equal(heir_policy, SCHED_OTHER);
}

static void
limit_realtime(rlim_t us)
{
    struct rlimit limit;
    getrlimit(RLIMIT_RTTIME, &limit);
    limit.rlim_cur = us;
    setrlimit(RLIMIT_RTTIME, &limit);
}

/* Where the system ends programs that compute in real time for long, there is none of it:
   from the next job on, whenever a host has set that limit */
static void
test_limited_time_is_not_used(void** state)
{
    (void)state;
    ask(AUDIO, EXPIRY);
    take_answer();
    limit_realtime(200000);
    ask(AUDIO, EXPIRY);
    take_answer();
    limit_realtime(RLIM_INFINITY);
    ask(AUDIO, EXPIRY);
    take_answer();
    assert_rank(0, true);
    assert_rank(1, false);
    assert_rank(2, true);
}

static pthread_mutex_t lock;
static atomic_bool held;

/* The calling thread's priority as it is, with what it has inherited, as the system counts:
   below 0 for real-time ones */
static long
effective_priority(void)
{
    long priority = 0;
    FILE* file = fopen("/proc/thread-self/stat", "r");
    if (!file || fscanf(file,
                        "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
                        "%*d %*d %ld",
                        &priority) != 1) {
        fail_msg("/proc/thread-self/stat cannot be read");
    }
    fclose(file);
    return priority;
}

/* Hold the lock until somebody who waits for it has lent the priority */
static void*
hold(void* arg)
{
    bool* raised = arg;
    pthread_mutex_lock(&lock);
    atomic_store(&held, true);
    for (int i = 0; i < 500 && !*raised; ++i) {
        usleep(10000);
        *raised = effective_priority() < 0;
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Whoever a real-time worker waits for is not held up by others */
static void
test_locks_lend_priority(void** state)
{
    (void)state;
    bool raised = false;
    pthread_t holder;
    ub_thread_init_lock(&lock);
    assert_true(ub_thread_start(&holder, hold, &raised));
    while (!atomic_load(&held)) {
        usleep(1000);
    }
    const bool permitted = set_priority(AUDIO);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    set_priority(0);
    pthread_join(holder, NULL);
    pthread_mutex_destroy(&lock);
    if (!permitted) {
        skip();
    }
    assert_true(raised);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_workers_follow_the_audio_thread, open_engine,
                                        close_engine),
        cmocka_unit_test(test_threads_do_not_inherit),
        cmocka_unit_test(test_priority_can_be_given_back),
        cmocka_unit_test_setup_teardown(test_too_much_work_makes_way, open_engine, close_engine),
        cmocka_unit_test_setup_teardown(test_takeover_is_made_at_leisure, open_engine,
                                        close_engine),
        cmocka_unit_test_setup_teardown(test_limited_time_is_not_used, open_engine, close_engine),
        cmocka_unit_test(test_locks_lend_priority),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
