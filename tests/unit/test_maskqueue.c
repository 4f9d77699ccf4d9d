// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/maskqueue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define JOBS  12
#define COUNT 10
#define HELD  8 // fewer than JOBS

/* A masker whose answers are put there by the test: one output of one bin */
typedef struct {
    ub_masker masker;
    ub_job job[JOBS];
    float mask[JOBS][COUNT];
    int ready, taken, released;
} hand;

static ub_job*
next(ub_masker* masker)
{
    hand* h = (hand*)masker;
    return h->taken < h->ready ? &h->job[h->taken++] : NULL;
}

static void
release(ub_masker* masker, ub_job* job)
{
    (void)job;
    ++((hand*)masker)->released;
}

static void
answer(hand* h, int64_t first, float value)
{
    ub_job* job = &h->job[h->ready];
    job->first = first;
    job->count = COUNT;
    job->ok = true;
    job->conditions = 1;
    job->mask = h->mask[h->ready];
    for (int i = 0; i < COUNT; ++i) {
        job->mask[i] = value;
    }
    ++h->ready;
}

static hand*
make_hand(void)
{
    hand* h = calloc(1, sizeof(hand));
    h->masker.next = next;
    h->masker.release = release;
    h->masker.max_count = COUNT;
    h->masker.slots = 1;
    return h;
}

/* Answers overlap by 4 frames: 0 for frames 0 to 9, then 1 for frames 6 to 15 */
static void
test_answers_are_cross_faded(void** state)
{
    (void)state;
    static const float want[16] = {0,    0,    0,    0,    0, 0, 0.2f, 0.4f,
                                   0.6f, 0.8f, 1.0f, 1.0f, 1, 1, 1,    1};
    hand* h = make_hand();
    ub_maskqueue* queue = ub_maskqueue_new(&h->masker, 1, 1, HELD);
    answer(h, 0, 0.0f);
    answer(h, 6, 1.0f);
    for (int t = 0; t < 16; ++t) {
        assert_int_equal(ub_maskqueue_advance(queue, t, 4, false), t < 12);
        assert_float_equal(ub_maskqueue_mask(queue, 0)[0], want[t], 1e-6);
    }
    assert_false(ub_maskqueue_advance(queue, 16, 4, false));
    assert_float_equal(ub_maskqueue_mask(queue, 0)[0], 1.0f, 0.0);
    ub_maskqueue_free(queue);
    assert_int_equal(h->released, 2);
    free(h);
}

/* Without the later answer the earlier one holds for all its frames, and then still;
   one that comes in the middle of its frames is used for the rest */
static void
test_late_answer_is_used_for_the_rest(void** state)
{
    (void)state;
    hand* h = make_hand();
    ub_maskqueue* queue = ub_maskqueue_new(&h->masker, 1, 1, HELD);
    answer(h, 0, 0.25f);
    for (int t = 0; t < 12; ++t) {
        assert_int_equal(ub_maskqueue_advance(queue, t, 4, false), t < 6);
        assert_float_equal(ub_maskqueue_mask(queue, 0)[0], 0.25f, 0.0);
    }
    answer(h, 8, 0.75f);
    assert_true(ub_maskqueue_advance(queue, 12, 4, false));
    assert_float_equal(ub_maskqueue_mask(queue, 0)[0], 0.75f, 0.0);
    ub_maskqueue_free(queue);
    free(h);
}

static void
test_failed_answers_are_passed_over(void** state)
{
    (void)state;
    hand* h = make_hand();
    ub_maskqueue* queue = ub_maskqueue_new(&h->masker, 1, 1, HELD);
    answer(h, 0, 0.25f);
    answer(h, 2, 0.75f);
    h->job[1].ok = false;
    assert_true(ub_maskqueue_advance(queue, 5, 2, false));
    assert_float_equal(ub_maskqueue_mask(queue, 0)[0], 0.25f, 0.0);
    ub_maskqueue_free(queue);
    free(h);
}

/* Many answers ahead of their time wait with the masker, none is lost */
static void
test_early_answers_wait(void** state)
{
    (void)state;
    hand* h = make_hand();
    ub_maskqueue* queue = ub_maskqueue_new(&h->masker, 1, 1, HELD);
    for (int j = 0; j < JOBS; ++j) {
        answer(h, 2 * j, (float)j / JOBS);
    }
    for (int t = 0; t < 2 * JOBS; ++t) {
        assert_true(ub_maskqueue_advance(queue, t, 0, false));
        assert_float_equal(ub_maskqueue_mask(queue, 0)[0] * JOBS, (t / 2), 1e-3);
    }
    ub_maskqueue_free(queue);
    assert_int_equal(h->released, JOBS);
    free(h);
}

/* Where no mask was needed, the newest one stays, and fades to it are none */
static void
test_answers_without_masks_change_nothing(void** state)
{
    (void)state;
    hand* h = make_hand();
    ub_maskqueue* queue = ub_maskqueue_new(&h->masker, 1, 1, HELD);
    answer(h, 0, 0.25f);
    answer(h, 6, 1.0f);
    h->job[1].conditions = 0;
    answer(h, 12, 0.75f);
    for (int t = 0; t < 30; ++t) {
        const float want = t < 6 ? 0.25f : t < 12 ? 0.0f : 0.75f;
        assert_int_equal(ub_maskqueue_advance(queue, t, 4, false), t < 18);
        assert_true(want == 0.0f || ub_maskqueue_mask(queue, 0)[0] == want);
    }
    answer(h, 30, 1.0f);
    h->job[3].conditions = 0;
    assert_true(ub_maskqueue_advance(queue, 32, 4, false));
    assert_float_equal(ub_maskqueue_mask(queue, 0)[0], 0.75f, 0.0);
    ub_maskqueue_free(queue);
    free(h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_are_cross_faded),
        cmocka_unit_test(test_late_answer_is_used_for_the_rest),
        cmocka_unit_test(test_failed_answers_are_passed_over),
        cmocka_unit_test(test_early_answers_wait),
        cmocka_unit_test(test_answers_without_masks_change_nothing),
    };
    return cmocka_run_group_tests_name("maskqueue", tests, NULL, NULL);
}
