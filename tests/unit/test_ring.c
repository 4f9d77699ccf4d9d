// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/ring.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define RECORDS 100000u

static void
test_full_and_empty(void** state)
{
    (void)state;
    ub_ring* ring = ub_ring_new(sizeof(int), 4);
    assert_null(ub_ring_read(ring));
    for (int i = 0; i < 4; ++i) {
        int* record = ub_ring_write(ring);
        assert_non_null(record);
        *record = i;
        ub_ring_commit(ring);
    }
    assert_null(ub_ring_write(ring));
    for (int i = 0; i < 4; ++i) {
        assert_int_equal(*(int*)ub_ring_read(ring), i);
        ub_ring_pop(ring);
    }
    assert_null(ub_ring_read(ring));
    ub_ring_free(ring);
}

static void*
write_all(void* arg)
{
    ub_ring* ring = arg;
    for (uint32_t i = 0; i < RECORDS;) {
        uint32_t* record = ub_ring_write(ring);
        if (record) {
            for (int k = 0; k < 25; ++k) {
                record[k] = i;
            }
            ub_ring_commit(ring);
            ++i;
        } else {
            sched_yield();
        }
    }
    return NULL;
}

static void
test_two_threads(void** state)
{
    (void)state;
    ub_ring* ring = ub_ring_new(25 * sizeof(uint32_t), 7);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_all, ring), 0);
    for (uint32_t i = 0; i < RECORDS;) {
        const uint32_t* record = ub_ring_read(ring);
        if (record) {
            assert_int_equal(record[0], i);
            assert_int_equal(record[24], i);
            ub_ring_pop(ring);
            ++i;
        } else {
            sched_yield();
        }
    }
    pthread_join(writer, NULL);
    ub_ring_free(ring);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_and_empty),
        cmocka_unit_test(test_two_threads),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
