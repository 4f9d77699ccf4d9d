// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Threads in a host's process: what they have from whichever thread they are started by, and
   what becomes of an engine in a child after fork(). */

#include "model/engine/engine.h"
#include "model/engine/thread.h"

#include "tests/unit/make_model.h"
#include "tests/unit/stub_client.h"
#include "tests/unit/stub_device.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    cpu_set_t cores;
    int nice;
} place;

static place
here(void)
{
    place p;
    sched_getaffinity(0, sizeof(p.cores), &p.cores);
    p.nice = getpriority(PRIO_PROCESS, 0);
    return p;
}

static void*
look(void* found)
{
    *(place*)found = here();
    return NULL;
}

/* Start a thread from one that is nice and bound to one core */
static void*
start_from_afar(void* found)
{
    cpu_set_t one;
    pthread_t thread;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof(one), &one);
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 5);
    if (ub_thread_start(&thread, look, found)) {
        pthread_join(thread, NULL);
    }
    return NULL;
}

static void
test_threads_are_where_the_process_is(void** state)
{
    (void)state;
    const place mine = here();
    place found = {.nice = -100};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, start_from_afar, &found), 0);
    pthread_join(thread, NULL);
    assert_true(CPU_EQUAL(&mine.cores, &found.cores));
    if (!geteuid()) { // others may not become less nice
        assert_int_equal(found.nice, mine.nice);
    }
    assert_int_equal(ub_thread_cores(), CPU_COUNT(&mine.cores));
}

/* Whoever waits for a mask in a child is told that there will be none, and can leave: with a
   job under way at the fork, and one that the child asks for */
static void
live_on(ub_engine* engine, ub_client* client)
{
    ub_masker* m = ub_client_masker(client);
    alarm(10);
    if (m->wait(m) || m->wait(m)) {
        _exit(1);
    }
    stub_client_ask(client, 1.0f, 4, 1.0, INFINITY);
    const bool answered = m->wait(m);
    ub_client_free(client);
    ub_engine_free(engine);
    _exit(answered);
}

static void
test_a_child_does_not_wait(void** state)
{
    (void)state;
    static const ub_backend* const backends[] = {&stub_device_backend, NULL};
    char err[256] = "";
    const ub_test_model_options options = {.power = 1.0f, .seed = 3};
    const ub_model* model = ub_test_open_model(&options);
    stub_device_reset();
    ub_engine* engine =
        ub_engine_new(&(ub_engine_options){.workers = 2, .backends = backends}, err, sizeof(err));
    assert_non_null(engine);
    ub_client* client = stub_client_new(engine, model);
    atomic_store(&stub_device.gated, true);
    stub_client_ask(client, 1.0f, 4, 1.0, INFINITY);
    sem_wait(&stub_device.arrived);
    const pid_t child = fork();
    if (!child) {
        live_on(engine, client);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    sem_post(&stub_device.gate);
    assert_true(stub_client_answer(client)->ok); // the parent goes on
    ub_client_free(client);
    ub_engine_free(engine);
    ub_model_unref(model);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_are_where_the_process_is),
        cmocka_unit_test(test_a_child_does_not_wait),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
