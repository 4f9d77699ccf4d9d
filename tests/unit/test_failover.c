// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What the engine does with a backend that takes windows of several streams at a time,
   and with one that fails: with devices made up for the purpose. */

#include "model/backend/reference/reference.h"
#include "model/engine/client.h"

#include "tests/unit/one_model.h"
#include "tests/unit/stub_client.h"
#include "tests/unit/stub_device.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const ub_backend* const backends[] = {&stub_device_backend, &ub_backend_reference, NULL};

static ub_engine*
make_engine(unsigned workers)
{
    char err[256] = "";
    const ub_engine_options options = {.workers = workers, .backends = backends};
    stub_device_reset();
    ub_engine* engine = ub_engine_new(&options, err, sizeof(err));
    if (!engine) {
        fail_msg("%s", err);
    }
    return engine;
}

static float
whose(float input)
{
    return input / model->net.input_scale;
}

/* With the only worker held at the gate, what comes meanwhile is taken in order of deadline,
   as many as the backend likes, of one span, without what has expired */
static void
test_jobs_are_batched_by_deadline(void** state)
{
    (void)state;
    ub_engine* engine = make_engine(1);
    ub_client* c[9];
    for (int i = 0; i < 9; ++i) {
        c[i] = stub_client_new(engine, model);
    }
    atomic_store(&stub_device.gated, true);
    stub_client_ask(c[0], 100.0f, 4, 0.001, INFINITY);
    sem_wait(&stub_device.arrived); // alone, at the gate
    for (int i = 1; i < 7; ++i) {
        stub_client_ask(c[i], (float)i, 4, 10.0 - i, i == 6 ? -1.0 : INFINITY);
    }
    stub_client_ask(c[7], 7.0f, 2, 4.5, INFINITY); // of another span
    stub_client_ask(c[8], 8.0f, 4, 20.0, INFINITY);
    ub_client_free(c[8]); // gone before its turn
    for (int i = 0; i < 4; ++i) {
        sem_post(&stub_device.gate);
    }
    for (int i = 0; i < 8; ++i) {
        const ub_job* job = stub_client_answer(c[i]);
        assert_int_equal(job->ok, i != 6);
        assert_true(i == 6 || job->mask[0] == 0.25f);
    }
    assert_int_equal(stub_device.runs, 4);
    assert_int_equal(stub_device.batch[0], 1);
    assert_int_equal(stub_device.batch[1], 3); // 6, which had expired, took the fourth place
    assert_float_equal(whose(stub_device.tag[1][0]), 5.0f, 1e-3);
    assert_float_equal(whose(stub_device.tag[1][1]), 4.0f, 1e-3);
    assert_float_equal(whose(stub_device.tag[1][2]), 3.0f, 1e-3);
    assert_int_equal(stub_device.batch[2], 1);
    assert_float_equal(whose(stub_device.tag[2][0]), 7.0f, 1e-3);
    assert_int_equal(stub_device.batch[3], 2);
    assert_float_equal(whose(stub_device.tag[3][0]), 2.0f, 1e-3);
    assert_float_equal(whose(stub_device.tag[3][1]), 1.0f, 1e-3);
    for (int i = 0; i < 8; ++i) {
        ub_client_free(c[i]);
    }
    ub_engine_free(engine);
    assert_int_equal(stub_device.runners, 0);
}

static void*
open_gate_when_waited_for(void* arg)
{
    ub_client* client = arg;
    for (int i = 0; i < 5000 && !atomic_load(&client->waited_for); ++i) {
        usleep(1000);
    }
    sem_post(&stub_device.gate);
    sem_post(&stub_device.gate);
    return NULL;
}

/* What a real-time stream has asked for in vain is still of use to a host that now waits,
   whether it asks for more or not */
static void
test_what_is_waited_for_does_not_expire(void** state)
{
    (void)state;
    for (int more = 0; more < 2; ++more) {
        pthread_t opener;
        ub_engine* engine = make_engine(1);
        ub_client* other = stub_client_new(engine, model);
        ub_client* client = stub_client_new(engine, model);
        atomic_store(&stub_device.gated, true);
        stub_client_ask(other, 1.0f, 4, 0.001, INFINITY);
        sem_wait(&stub_device.arrived); // holds the worker up
        stub_client_ask(client, 2.0f, 4, 1.0, -1.0);
        if (more) {
            stub_client_ask(client, 3.0f, 4, 2.0, INFINITY);
            sem_post(&stub_device.gate);
        }
        pthread_create(&opener, NULL, open_gate_when_waited_for, client);
        for (int i = 0; i <= more; ++i) {
            assert_true(stub_client_answer(client)->ok);
        }
        pthread_join(opener, NULL);
        ub_client_free(client);
        ub_client_free(other);
        ub_engine_free(engine);
    }
}

/* A reset only takes away what is left of frames; it does not make old jobs worth computing */
static void
test_resets_let_jobs_expire(void** state)
{
    (void)state;
    ub_engine* engine = make_engine(1);
    ub_client* other = stub_client_new(engine, model);
    ub_client* client = stub_client_new(engine, model);
    ub_masker* m = ub_client_masker(client);
    atomic_store(&stub_device.gated, true);
    stub_client_ask(other, 1.0f, 4, 0.001, INFINITY);
    sem_wait(&stub_device.arrived); // holds the worker up
    stub_client_ask(client, 2.0f, 4, 1.0, -1.0);
    ub_job* job = m->begin(m, 0);
    job->end = 3;
    job->first = 4;
    job->conditions = 0;
    job->budget = 0.0;
    job->expiry = INFINITY;
    m->submit(m, job);
    sem_post(&stub_device.gate);
    sem_post(&stub_device.gate);
    while (!(job = m->next(m))) {
        usleep(1000);
    }
    assert_false(job->ok);
    ub_client_free(client);
    ub_client_free(other);
    ub_engine_free(engine);
}

/* A stream's windows come with its own trail, their place in the stream, and whether a clock
   waits for them; a span whose step is not known has no trail */
static void
test_windows_come_with_their_trail(void** state)
{
    (void)state;
    ub_engine* engine = make_engine(1);
    ub_client* a = stub_client_new(engine, model);
    ub_client* b = stub_client_new(engine, model);
    assert_int_equal(stub_device.trails, 0); // those of warming up are gone
    atomic_store(&stub_device.gated, true);
    ub_client* const order[] = {a, b, a, b, a};
    const uint32_t count[] = {4, 4, 4, 4, 2};
    for (int i = 0; i < 5; ++i) {
        sem_post(&stub_device.gate);
        stub_client_ask(order[i], 1.0f, count[i], 1.0, i % 2 ? 100.0 : INFINITY);
        ub_masker* m = ub_client_masker(order[i]);
        m->release(m, stub_client_answer(order[i]));
        assert_int_equal(stub_device.start[i], 3 - STUB_FRAMES + 1);
        assert_int_equal(stub_device.offline[i], i % 2 == 0);
        if (i == 1) {
            assert_int_equal(stub_device.trails, 2);
            assert_int_equal(stub_device.trail[0]->step, 4);
            assert_int_equal(stub_device.trail[0]->conditions, 1);
        }
    }
    assert_non_null(stub_device.trail[1]);
    assert_true(stub_device.trail[0] != stub_device.trail[1]);
    assert_true(stub_device.trail[2] == stub_device.trail[0]);
    assert_true(stub_device.trail[3] == stub_device.trail[1]);
    assert_null(stub_device.trail[4]);
    assert_int_equal(stub_device.trails, 1);
    ub_client_free(a);
    ub_client_free(b);
    assert_int_equal(stub_device.trails, 0);
    ub_engine_free(engine);
}

/* Two workers are at two jobs of one stream at once, unless windows are computed from what the
   last one left, and no backend can be done with that before the window is, or a sound card waits;
   a third waits for its turn */
static void
test_workers_share_a_stream(void** state)
{
    (void)state;
    char err[256] = "";
    ub_backend processor = stub_device_backend;
    static const ub_backend* both[] = {NULL, NULL};
    processor.device = false;
    static const struct {
        bool trail;
        bool halves;
        double expiry;
        int at_once;
    } cases[] = {
        {false, false, INFINITY, 2},
        {true, false, INFINITY, 1},
        {true, true, INFINITY, 2},
        {true, true, 100.0, 1},
    };
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); ++c) {
        processor.trail_new = cases[c].trail ? stub_device_backend.trail_new : NULL;
        processor.begin = cases[c].halves ? stub_device_begin : NULL;
        processor.finish = cases[c].halves ? stub_device_finish : NULL;
        both[0] = &processor;
        stub_device_reset();
        ub_engine* engine =
            ub_engine_new(&(ub_engine_options){.workers = 2, .backends = both}, err, sizeof(err));
        assert_non_null(engine);
        ub_client* client = stub_client_new(engine, model);
        ub_masker* m = ub_client_masker(client);
        atomic_store(&stub_device.gated, true);
        for (int i = 0; i < 3; ++i) {
            stub_client_ask(client, 1.0f + (float)i, 4, 1.0, cases[c].expiry);
        }
        for (int i = 0; i < cases[c].at_once; ++i) {
            sem_wait(&stub_device.arrived);
        }
        usleep(20000); // for what should not come
        assert_int_equal(stub_device.runs, cases[c].at_once);
        for (int i = 0; i < 3; ++i) {
            sem_post(&stub_device.gate);
        }
        for (int i = 0; i < 3; ++i) {
            ub_job* job = stub_client_answer(client);
            assert_true(job->ok);
            m->release(m, job);
        }
        assert_int_equal(stub_device.runs, 3);
        ub_client_free(client);
        ub_engine_free(engine);
    }
}

/* The job at which a device fails is computed by what takes over, and so are all others */
static void
test_processor_takes_over_from_lost_device(void** state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; ++workers) {
        char note[256];
        ub_engine* engine = make_engine(workers);
        ub_client* c[6];
        for (int i = 0; i < 6; ++i) {
            c[i] = stub_client_new(engine, model);
        }
        ub_engine_note(engine, note, sizeof(note));
        assert_string_equal(note, "");
        assert_string_equal(ub_engine_backend(engine)->name, "device");
        atomic_store(&stub_device.lost, true);
        for (int i = 0; i < 6; ++i) {
            stub_client_ask(c[i], (float)i, 4, 1.0, INFINITY);
        }
        for (int i = 0; i < 6; ++i) {
            const ub_job* job = stub_client_answer(c[i]);
            assert_true(job->ok);
            assert_true(job->mask[0] != 0.25f);
            assert_true(ub_client_healthy(c[i]));
        }
        assert_string_equal(ub_engine_backend(engine)->name, "reference");
        ub_engine_note(engine, note, sizeof(note));
        assert_string_equal(note, "the device backend failed: unplugged; reference takes over");
        atomic_store(&stub_device.lost, false); // it is not tried again, by anyone
        ub_client* late = stub_client_new(engine, model);
        stub_client_ask(late, 1.0f, 4, 1.0, INFINITY);
        assert_true(stub_client_answer(late)->mask[0] != 0.25f);
        assert_string_equal(ub_engine_backend(engine)->name, "reference");
        ub_client_free(late);
        for (int i = 0; i < 6; ++i) {
            ub_client_free(c[i]);
        }
        ub_engine_free(engine);
        assert_int_equal(stub_device.runners, 0);
    }
}

/* Where a device cannot take a model, the next backend does, and the note says why */
static void
test_next_backend_where_one_cannot_be_made(void** state)
{
    (void)state;
    char note[256];
    ub_engine* engine = make_engine(2);
    atomic_store(&stub_device.full, true);
    ub_client* client = stub_client_new(engine, model);
    stub_client_ask(client, 1.0f, 4, 1.0, INFINITY);
    assert_true(stub_client_answer(client)->ok);
    assert_string_equal(ub_engine_backend(engine)->name, "reference");
    ub_engine_note(engine, note, sizeof(note));
    assert_string_equal(note, "the device's memory is full; reference takes over");
    ub_client_free(client);
    ub_engine_free(engine);
}

/* One that was named and is no device has nothing to take over: it says that it fails */
static void
test_without_another_backend_jobs_fail(void** state)
{
    (void)state;
    static const ub_backend* const alone[] = {&stub_device_backend, NULL};
    char err[256] = "";
    const ub_engine_options options = {.workers = 1, .backends = alone};
    ub_engine_free(make_engine(1));
    ub_engine* engine = ub_engine_new(&options, err, sizeof(err));
    ub_client* client = stub_client_new(engine, model);
    atomic_store(&stub_device.lost, true);
    for (int i = 0; i < 2; ++i) {
        stub_client_ask(client, 1.0f, 4, 1.0, INFINITY);
        ub_job* job = stub_client_answer(client);
        assert_false(job->ok);
        assert_false(ub_client_healthy(client));
        ub_client_masker(client)->release(ub_client_masker(client), job);
    }
    ub_client_free(client);
    static const ub_client_options none = {.slots = 1, .room = {4, 1, 4, 1}};
    assert_null(ub_client_new(engine, model, &none, err, sizeof(err)));
    ub_engine_free(engine);
}

/* Half of the workers at the gate: the load goes to a half, and then back */
static void
test_load_is_the_share_of_busy_workers(void** state)
{
    (void)state;
    ub_engine* engine = make_engine(2);
    ub_client* client = stub_client_new(engine, model);
    assert_float_equal(ub_engine_load(engine), 0.0f, 0.0);
    atomic_store(&stub_device.gated, true);
    stub_client_ask(client, 1.0f, 4, 1.0, INFINITY);
    sem_wait(&stub_device.arrived);
    const float before = ub_engine_load(engine);
    usleep(100000);
    const float after = ub_engine_load(engine);
    assert_true(after > before + 0.02f);
    assert_true(after < 0.5f);
    sem_post(&stub_device.gate);
    stub_client_answer(client);
    ub_client_free(client); // the worker is done with it
    const float done = ub_engine_load(engine);
    usleep(100000);
    assert_true(ub_engine_load(engine) < done);
    ub_engine_free(engine);
}

/* Clients come, ask, and go with jobs under way, while the device fails */
static void*
come_and_go(void* engine)
{
    for (int i = 0; i < 8; ++i) {
        ub_client* client = stub_client_new(engine, model);
        stub_client_ask(client, 1.0f, 4, 0.01, INFINITY);
        if (i % 2) {
            stub_client_answer(client);
        }
        atomic_store(&stub_device.lost, i == 4);
        ub_client_free(client);
    }
    return NULL;
}

static void
test_clients_come_and_go_as_a_device_fails(void** state)
{
    (void)state;
    pthread_t thread[6];
    ub_engine* engine = make_engine(3);
    for (int i = 0; i < 6; ++i) {
        assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, engine), 0);
    }
    for (int i = 0; i < 6; ++i) {
        pthread_join(thread[i], NULL);
    }
    ub_engine_free(engine);
    assert_int_equal(stub_device.runners, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs_are_batched_by_deadline),
        cmocka_unit_test(test_what_is_waited_for_does_not_expire),
        cmocka_unit_test(test_resets_let_jobs_expire),
        cmocka_unit_test(test_windows_come_with_their_trail),
        cmocka_unit_test(test_workers_share_a_stream),
        cmocka_unit_test(test_processor_takes_over_from_lost_device),
        cmocka_unit_test(test_next_backend_where_one_cannot_be_made),
        cmocka_unit_test(test_without_another_backend_jobs_fail),
        cmocka_unit_test(test_load_is_the_share_of_busy_workers),
        cmocka_unit_test(test_clients_come_and_go_as_a_device_fails),
    };
    return cmocka_run_group_tests_name("failover", tests, setup, teardown);
}
