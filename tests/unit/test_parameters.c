// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/parameters.h"

#include "model/backend/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Whether it is available here or not */
static void
test_every_backend_has_a_status(void** state)
{
    (void)state;
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        int found = 0;
        for (int status = 0; status < UB_STATUSES; ++status) {
            found += !strcmp((*b)->name, ub_status_backend[status]);
        }
        if (found != 1) {
            fail_msg("%s is the name of %d values of the status port", (*b)->name, found);
        }
    }
}

/* Sessions keep parameters by number or by symbol */
static void
test_numbers_and_symbols_are_for_good(void** state)
{
    (void)state;
    static const char* const symbols[] = {
        "source",      "mode",       "amount",      "gain",        "enabled",     "freewheel",
        "response",    "processor",  "latency",     "late_frames", "status",      "blend_vocals",
        "blend_drums", "blend_bass", "blend_other", "consistency", "engine_load", "strength",
        "vocals_gain", "drums_gain", "bass_gain",   "other_gain",  "extra1_gain", "extra2_gain",
        "vocals_mute", "drums_mute", "bass_mute",   "other_mute",  "extra1_mute", "extra2_mute",
        "vocals_solo", "drums_solo", "bass_solo",   "other_solo",  "extra1_solo", "extra2_solo"};
    const size_t n = sizeof(symbols) / sizeof(*symbols);
    assert_true(UB_PARAMETERS >= n);
    for (size_t p = 0; p < n; ++p) {
        assert_string_equal(ub_parameters[p].symbol, symbols[p]);
    }
}

static void
test_values_fit_their_ranges(void** state)
{
    (void)state;
    assert_int_equal(ub_parameters[UB_STATUS].max, UB_STATUS_LACKING);
    for (int c = 0; c < UB_PARAMETERS; ++c) {
        const ub_parameter_spec* spec = &ub_parameters[c];
        assert_true(spec->symbol && spec->min < spec->max);
        assert_true(spec->def >= spec->min && spec->def <= spec->max);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_backend_has_a_status),
        cmocka_unit_test(test_numbers_and_symbols_are_for_good),
        cmocka_unit_test(test_values_fit_their_ranges),
    };
    return cmocka_run_group_tests_name("parameters", tests, NULL, NULL);
}
