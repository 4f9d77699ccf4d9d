// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

// Scores against museval's.

#include "plugin/cli/score.h"

#include "tests/golden/score.h"
#include "tests/unit/make_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WITHIN 1e-6 // dB

/// The stems of make_score_golden.py, [samples][2]
static void
make_stems(const score_case* c, unsigned source, double* truth, double* estimate)
{
    char name[16];
    snprintf(name, sizeof(name), "truth%u", source);
    uint64_t a = ub_test_state(0, name);
    snprintf(name, sizeof(name), "noise%u", source);
    uint64_t b = ub_test_state(0, name);
    for (unsigned t = 0; t < c->samples; ++t) {
        const double fade = 0.1 + 0.9 * t / c->samples;
        for (unsigned k = 0; k < 2; ++k) {
            truth[2 * t + k] = ub_test_random(&a);
            estimate[2 * t + k] = 0.8 * truth[2 * t + k] + 0.3 * fade * ub_test_random(&b);
        }
        if (source == 1 && t >= c->silent[0] && t < c->silent[1]) {
            truth[2 * t] = truth[2 * t + 1] = 0.0;
        }
        if (source == 2 && t >= c->cancel[0] && t < c->cancel[1]) {
            estimate[2 * t + 1] = -estimate[2 * t];
        }
    }
}

/// Add in pieces of a length that does not divide a frame
static ub_score*
score(const score_case* c, unsigned source)
{
    double* truth = calloc(2 * c->samples, sizeof(*truth));
    double* estimate = calloc(2 * c->samples, sizeof(*estimate));
    ub_score* self = ub_score_new(RATE, 2);
    make_stems(c, source, truth, estimate);
    for (unsigned t = 0; t < c->samples; t += 333) {
        const unsigned n = c->samples - t < 333 ? c->samples - t : 333;
        assert_true(ub_score_add(self, truth + 2 * t, estimate + 2 * t, n));
    }
    free(truth);
    free(estimate);
    return self;
}

static void
test_museval(void** state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); ++k) {
        ub_score* scores[SOURCES];
        for (unsigned i = 0; i < SOURCES; ++i) {
            scores[i] = score(&cases[k], i);
            assert_true(ub_score_heard(scores[i]));
        }
        for (unsigned i = 0; i < SOURCES; ++i) {
            assert_true(fabs(ub_score_sdr(scores, SOURCES, i) - cases[k].sdr[i]) < WITHIN);
            assert_true(fabs(ub_score_usdr(scores[i]) - cases[k].usdr[i]) < WITHIN);
        }
        for (unsigned i = 0; i < SOURCES; ++i) {
            ub_score_free(scores[i]);
        }
    }
}

static void
test_perfect(void** state)
{
    (void)state;
    double truth[2 * RATE];
    for (unsigned i = 0; i < 2 * RATE; ++i) {
        truth[i] = sin(i);
    }
    ub_score* self = ub_score_new(RATE, 2);
    assert_true(ub_score_add(self, truth, truth, RATE));
    assert_true(isinf(ub_score_sdr(&self, 1, 0)));
    assert_true(ub_score_usdr(self) > 90.0);
    ub_score_free(self);
}

/// One that is silent all along has no score and takes none from the others
static void
test_silent(void** state)
{
    (void)state;
    const score_case c = cases[0];
    double* zeros = calloc(2 * c.samples, sizeof(*zeros));
    ub_score* scores[3] = {score(&c, 0), ub_score_new(RATE, 2), ub_score_new(RATE, 2)};
    const double alone = ub_score_sdr(scores, 1, 0);
    assert_true(ub_score_add(scores[1], zeros, zeros, c.samples));
    assert_false(ub_score_heard(scores[1]));
    assert_true(isnan(ub_score_sdr(scores, 3, 1)));
    assert_true(isnan(ub_score_sdr(scores, 3, 2))); // Not one sample
    assert_true(ub_score_sdr(scores, 3, 0) == alone);
    for (unsigned i = 0; i < 3; ++i) {
        ub_score_free(scores[i]);
    }
    free(zeros);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_museval),
        cmocka_unit_test(test_perfect),
        cmocka_unit_test(test_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
