// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/unit/stub_client.h"

#include "tests/unit/stub_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

ub_client*
stub_client_new(ub_engine* engine, const ub_model* model)
{
    char err[256] = "";
    const ub_client_options options = {
        .slots = 1, .room = {4, 32, 32, 32}, .series = {{{{STUB_FRAMES - 4, 4}, 4, false}}, 1}};
    ub_client* client = ub_client_new(engine, model, &options, err, sizeof(err));
    if (!client) {
        fail_msg("%s", err);
    }
    return client;
}

void
stub_client_ask(ub_client* client, float who, uint32_t count, double budget, double expiry)
{
    ub_masker* m = ub_client_masker(client);
    float frame[STUB_FRAME];
    for (int i = 0; i < STUB_FRAME; ++i) {
        frame[i] = who;
    }
    for (int64_t t = 0; t < 4; ++t) {
        m->frame(m, t, frame);
    }
    ub_job* job = m->begin(m, count);
    assert_non_null(job);
    job->end = 3;
    job->first = 4 - count;
    job->budget = budget;
    job->expiry = expiry;
    job->conditions = 1;
    memset(job->condition, 0, sizeof(job->condition));
    job->condition[0][0] = 1.0f;
    memset(job->which, 0, count);
    m->submit(m, job);
}

ub_job*
stub_client_answer(ub_client* client)
{
    ub_masker* m = ub_client_masker(client);
    assert_true(m->wait(m));
    ub_job* job = m->next(m);
    assert_non_null(job);
    return job;
}
