// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/engine.h"
#include "model/file/environment.h"

#include "tests/unit/make_model.h"
#include "tests/unit/signal.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FRAMES    16
#define BINS      128
#define SIZE      (2 * BINS) // of one frame's magnitudes or mask
#define MAX_COUNT 8
#define JOBS      8 // that a client can have under way

static char path[UB_TEST_PATH_SIZE];

static int
make_model_file(void** state)
{
    (void)state;
    const ub_test_model_options options = {.power = 0.5f, .seed = 3};
    return ub_test_new_model(path, &options) ? 0 : -1;
}

static int
remove_model_file(void** state)
{
    (void)state;
    return unlink(path);
}

static const ub_model*
open_model(void)
{
    char err[256] = "";
    const ub_model* model = ub_model_open(path, err, sizeof(err));
    if (!model) {
        fail_msg("%s", err);
    }
    return model;
}

static ub_engine*
make_engine(unsigned workers)
{
    char err[256] = "";
    const ub_engine_options options = {.backend = "reference", .workers = workers};
    ub_engine* engine = ub_engine_new(&options, err, sizeof(err));
    if (!engine) {
        fail_msg("%s", err);
    }
    return engine;
}

static ub_client*
make_client(ub_engine* engine, const ub_model* model, uint32_t slots)
{
    char err[256] = "";
    const ub_series_list series = {{{{0, FRAMES}, FRAMES, false}, {{FRAMES - 4, 4}, 4, false}}, 2};
    const ub_client_options options = {
        .slots = slots, .room = {MAX_COUNT, JOBS, JOBS * MAX_COUNT, 32}, .series = series};
    ub_client* client = ub_client_new(engine, model, &options, err, sizeof(err));
    if (!client) {
        fail_msg("%s", err);
    }
    return client;
}

/** A model, an engine that has it, and a stream on that. */
typedef struct {
    const ub_model* model;
    ub_engine* engine;
    ub_client* client;
    ub_masker* masker;
} rig;

static rig
open_rig(unsigned workers, uint32_t slots)
{
    rig r = {.model = open_model(), .engine = make_engine(workers)};
    r.client = make_client(r.engine, r.model, slots);
    r.masker = ub_client_masker(r.client);
    return r;
}

static void
close_rig(const rig* r)
{
    ub_client_free(r->client);
    ub_engine_free(r->engine);
    ub_model_unref(r->model);
}

static void
magnitudes(int64_t t, float* m)
{
    uint32_t seed = (uint32_t)t;
    for (uint32_t i = 0; i < SIZE; ++i) {
        m[i] = fabsf(ub_random_sample(&seed));
    }
}

static void
push(ub_masker* m, int64_t from, int64_t to)
{
    float frame[SIZE];
    for (int64_t t = from; t <= to; ++t) {
        magnitudes(t, frame);
        m->frame(m, t, frame);
    }
}

/* A job for `count` frames that end `behind` frames before the newest, alternating
   between the first two sources and none */
static void
fill(const ub_masker* m, ub_job* job, int64_t end, uint32_t behind, double budget)
{
    job->end = end;
    job->first = end - behind - job->count + 1;
    job->budget = budget;
    job->expiry = INFINITY;
    job->conditions = 2;
    memset(job->condition, 0, sizeof(job->condition));
    job->condition[0][0] = 1.0f;
    job->condition[1][1] = 1.0f;
    for (uint32_t o = 0; o < m->slots; ++o) {
        for (uint32_t i = 0; i < job->count; ++i) {
            job->which[o * m->max_count + i] = (i + o) % 3 == 2 ? UB_UNMASKED : (i + o) % 3;
        }
    }
}

static void
ask(ub_masker* m, int64_t end, uint32_t count, uint32_t behind, double budget)
{
    ub_job* job = m->begin(m, count);
    assert_non_null(job);
    fill(m, job, end, behind, budget);
    m->submit(m, job);
}

/* The masks of a whole window that ends at `end`, straight from the backend */
static void
direct(const ub_model* model, int64_t first_frame, int64_t end, uint32_t source, float* mask)
{
    char err[256];
    float condition[UB_NET_SOURCES] = {0};
    float* input = calloc(FRAMES * SIZE, sizeof(float));
    float frame[SIZE];
    for (int64_t t = end - FRAMES + 1; t <= end; ++t) {
        if (t >= first_frame) {
            magnitudes(t, frame);
            for (uint32_t c = 0; c < 2; ++c) {
                float* row = input + (c * FRAMES + (size_t)(t - end + FRAMES - 1)) * BINS;
                for (uint32_t b = 0; b < BINS; ++b) {
                    row[b] = sqrtf(model->net.input_scale * frame[c * BINS + b]);
                }
            }
        }
    }
    condition[source] = 1.0f;
    ub_folded* folded = ub_folded_new(model);
    ub_fold(model, 0, condition, folded);
    const ub_backend* backend = ub_backend_find("reference", err, sizeof(err));
    ub_runner* runner = backend->create(model, err, sizeof(err));
    const ub_item item = {.input = input, .folded = folded, .mask = mask};
    assert_true(backend->run(runner, &item, 1, 0, FRAMES));
    backend->destroy(runner);
    ub_folded_free(folded);
    free(input);
}

static void
check_answer(const ub_model* model, const ub_masker* m, const ub_job* job, int64_t first_frame)
{
    static float mask[2][2][FRAMES][BINS];
    direct(model, first_frame, job->end, 0, &mask[0][0][0][0]);
    direct(model, first_frame, job->end, 1, &mask[1][0][0][0]);
    for (uint32_t o = 0; o < m->slots; ++o) {
        for (uint32_t i = 0; i < job->count; ++i) {
            const int64_t row = job->first + i - (job->end - FRAMES + 1);
            const uint8_t which = job->which[o * m->max_count + i];
            for (uint32_t c = 0; c < 2; ++c) {
                const float* got = job->mask + ((o * job->count + i) * 2 + c) * BINS;
                for (uint32_t b = 0; b < BINS; ++b) {
                    const float want = which == UB_UNMASKED ? 1.0f : mask[which][c][row][b];
                    assert_float_equal(got[b], want, 1e-6);
                }
            }
        }
    }
}

/* Also for windows that begin before the stream, and after a gap in time */
static void
test_masks_are_the_networks(void** state)
{
    (void)state;
    const rig r = open_rig(1, 2);
    ub_masker* m = r.masker;
    static const int64_t starts[] = {1000, 70000};
    for (int s = 0; s < 2; ++s) {
        for (int64_t end = starts[s] + 6; end < starts[s] + 40; end += 5) {
            push(m, end == starts[s] + 6 ? starts[s] : end - 4, end);
            ask(m, end, 5, 2, 1.0);
            assert_true(m->wait(m));
            ub_job* job = m->next(m);
            assert_non_null(job);
            assert_true(job->ok);
            check_answer(r.model, m, job, starts[s]);
            m->release(m, job);
        }
    }
    assert_false(m->wait(m));
    assert_null(m->next(m));
    assert_true(ub_client_healthy(r.client));
    close_rig(&r);
}

/* Jobs ahead of their turn do not see later frames, and are answered in order */
static void
test_jobs_queue_up(void** state)
{
    (void)state;
    const rig r = open_rig(2, 1);
    ub_masker* m = r.masker;
    for (int64_t end = 107; end < 128; end += 4) {
        push(m, end == 107 ? 100 : end - 3, end);
        ask(m, end, 4, 0, 1.0);
    }
    for (int64_t end = 107; end < 128; end += 4) {
        assert_true(m->wait(m));
        ub_job* job = m->next(m);
        assert_int_equal(job->end, end);
        check_answer(r.model, m, job, 100);
        m->release(m, job);
    }
    close_rig(&r);
}

/* A job that has expired is answered without masks, but its frames are not lost */
static void
test_expired_jobs_make_way(void** state)
{
    (void)state;
    const rig r = open_rig(1, 1);
    ub_masker* m = r.masker;
    for (int expired = 1; expired >= 0; --expired) {
        const int64_t end = expired ? 107 : 115;
        push(m, end - 7, end);
        ub_job* job = m->begin(m, 4);
        fill(m, job, end, 0, 1.0);
        job->expiry = expired ? -1.0 : INFINITY;
        m->submit(m, job);
        while (!(job = m->next(m))) { // nothing expires that is waited for
            usleep(1000);
        }
        assert_int_equal(job->ok, !expired);
        assert_true(ub_client_healthy(r.client));
        if (!expired) {
            check_answer(r.model, m, job, 100);
        }
        m->release(m, job);
    }
    close_rig(&r);
}

/* More frames than there is room for are refused until a job has taken some */
static void
test_frames_without_room_are_refused(void** state)
{
    (void)state;
    const rig r = open_rig(1, 1);
    ub_masker* m = r.masker;
    const float silence[SIZE] = {0};
    int64_t t = 100;
    while (m->frame(m, t, silence)) {
        ++t;
    }
    assert_int_equal(t, 100 + 32);
    ask(m, t - 1, 4, 0, 1.0);
    assert_true(m->wait(m));
    assert_true(m->frame(m, t, silence));
    close_rig(&r);
}

/* With the only worker busy, the job that is due first is answered first */
static bool
urgent_is_first(const ub_model* model)
{
    ub_engine* engine = make_engine(1);
    ub_client* client[3];
    ub_masker* m[3];
    for (int i = 0; i < 3; ++i) {
        client[i] = make_client(engine, model, 1);
        m[i] = ub_client_masker(client[i]);
        push(m[i], 0, FRAMES);
    }
    for (int64_t end = FRAMES - 5; end < FRAMES; ++end) {
        ask(m[0], end, 1, 0, 0.001); // keeps the worker busy while the others ask
    }
    ask(m[1], FRAMES, 8, 0, 100.0);
    ask(m[2], FRAMES, 8, 0, 1.0);
    assert_true(m[1]->wait(m[1]));
    const bool first = m[2]->next(m[2]); // there already, without waiting
    for (int i = 0; i < 3; ++i) {
        ub_client_free(client[i]);
    }
    ub_engine_free(engine);
    return first;
}

static void
test_earliest_deadline_first(void** state)
{
    (void)state;
    const ub_model* model = open_model();
    bool first = false;
    // The worker may have been idle before the urgent job was asked for
    for (int attempt = 0; attempt < 10 && !first; ++attempt) {
        first = urgent_is_first(model);
    }
    assert_true(first);
    ub_model_unref(model);
}

/* A job that needs no mask takes the frames in that later ones will see */
static void
test_empty_jobs_take_frames(void** state)
{
    (void)state;
    const rig r = open_rig(1, 1);
    ub_masker* m = r.masker;
    for (int64_t end = 107; end < 300; end += 8) { // far more than the backlog holds
        push(m, end - 7, end);
        ub_job* job = m->begin(m, 8);
        job->end = end;
        job->first = end - 7;
        job->budget = 1.0;
        job->expiry = INFINITY;
        job->conditions = 0;
        memset(job->which, UB_UNMASKED, 8);
        m->submit(m, job);
        assert_true(m->wait(m));
        job = m->next(m);
        assert_true(job->ok);
        check_answer(r.model, m, job, 100);
        m->release(m, job);
    }
    ask(m, 299, 8, 0, 1.0);
    assert_true(m->wait(m));
    check_answer(r.model, m, m->next(m), 100);
    close_rig(&r);
}

typedef struct {
    ub_engine* engine;
    const ub_model* model;
    int64_t start;
    int bad;
} player;

static void*
play(void* arg)
{
    player* p = arg;
    ub_client* client = make_client(p->engine, p->model, 1);
    ub_masker* m = ub_client_masker(client);
    for (int64_t end = p->start + 3; end < p->start + 60; end += 4) {
        push(m, end - 3, end);
        ask(m, end, 4, 0, 0.01);
        p->bad += !m->wait(m);
        ub_job* job = m->next(m);
        p->bad += !job || !job->ok || job->end != end;
        m->release(m, job);
    }
    push(m, p->start + 60, p->start + 68);
    for (int64_t end = p->start + 61; end < p->start + 69; ++end) {
        ask(m, end, 4, 0, 0.01); // leaves with jobs under way and waiting
    }
    ub_client_free(client);
    return NULL;
}

static void
test_clients_come_and_go(void** state)
{
    (void)state;
    enum { PLAYERS = 8 };
    const ub_model* model = open_model();
    ub_engine* engine = make_engine(3);
    player p[PLAYERS];
    pthread_t thread[PLAYERS];
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < PLAYERS; ++i) {
            p[i] = (player){engine, model, 1000 * i, 0};
            assert_int_equal(pthread_create(&thread[i], NULL, play, &p[i]), 0);
        }
        for (int i = 0; i < PLAYERS; ++i) {
            pthread_join(thread[i], NULL);
            assert_int_equal(p[i].bad, 0);
        }
    }
    ub_engine_free(engine);
    ub_model_unref(model);
}

static void
rule(const char* backend)
{
    if (backend) {
        setenv("UNBRAID_BACKEND", backend, 1);
    } else {
        unsetenv("UNBRAID_BACKEND");
    }
    ub_environment_read();
}

static void
test_engine_is_shared(void** state)
{
    (void)state;
    char err[256];
    rule("reference");
    ub_engine* a = ub_engine_shared("auto", err, sizeof(err));
    ub_engine* b = ub_engine_shared("cpu", err, sizeof(err));
    assert_non_null(a);
    assert_ptr_equal(a, b);
    assert_string_equal(ub_engine_backend(a)->name, "reference");
    ub_engine_free(a);
    ub_engine_free(b);
    rule("abacus");
    assert_null(ub_engine_shared("reference", err, sizeof(err)));
    assert_non_null(strstr(err, "abacus"));
    rule(NULL);
}

/* Engines that would use the same backends are one */
static void
test_each_processor_has_an_engine(void** state)
{
    (void)state;
    char err[256];
    rule(NULL);
    ub_engine* cpu = ub_engine_shared("cpu", err, sizeof(err));
    ub_engine* slow = ub_engine_shared("reference", err, sizeof(err));
    ub_engine* again = ub_engine_shared("cpu", err, sizeof(err));
    assert_non_null(cpu);
    assert_ptr_equal(cpu, again);
    assert_ptr_not_equal(cpu, slow);
    assert_false(ub_engine_backend(cpu)->device);
    assert_string_equal(ub_engine_backend(slow)->name, "reference");
    ub_engine_free(cpu);
    ub_engine_free(slow);
    slow = ub_engine_shared("reference", err, sizeof(err));
    cpu = ub_engine_shared("cpu", err, sizeof(err));
    assert_ptr_equal(cpu, again);
    ub_engine_free(again);
    ub_engine_free(slow);
    ub_engine_free(cpu);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks_are_the_networks),
        cmocka_unit_test(test_jobs_queue_up),
        cmocka_unit_test(test_empty_jobs_take_frames),
        cmocka_unit_test(test_expired_jobs_make_way),
        cmocka_unit_test(test_frames_without_room_are_refused),
        cmocka_unit_test(test_earliest_deadline_first),
        cmocka_unit_test(test_clients_come_and_go),
        cmocka_unit_test(test_engine_is_shared),
        cmocka_unit_test(test_each_processor_has_an_engine),
    };
    return cmocka_run_group_tests_name("engine", tests, make_model_file, remove_model_file);
}
