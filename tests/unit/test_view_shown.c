// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* What the window's meters show, and the sizes that it offers. */

#include "gui/state.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double chosen;

static void
on_scale(void* handle, double scale)
{
    (void)handle;
    chosen = scale;
}

static ub_view*
open_view(void)
{
    static const ub_view_spec specs[UB_VIEW_CONTROLS] = {
        [UB_VIEW_LEVEL] = {"Vocals", NULL, "dB", -60, 12, 0, false, NULL},
    };
    const ub_view_actions actions = {.scale = on_scale};
    ub_view* const view = ub_view_new(specs, &actions);
    assert_non_null(view);
    return view;
}

static const ub_view_item*
item_of(const ub_view* view, ub_view_item_kind kind)
{
    const ub_view_item* item = view->item;
    while (item->kind != kind) {
        ++item;
        assert_true(item < view->item + view->items);
    }
    return item;
}

static void
click(ub_view* view, const ub_box* b, double down)
{
    const ub_view_pointer at = {b->x + b->w / 2, b->y + down, false, 0.0};
    ub_view_press(view, &at, false);
    ub_view_release(view, &at);
}

/// As much falls in a second, however often the host gives the window time
static void
test_fall(void** state)
{
    (void)state;
    for (int rate = 5; rate <= 60; rate += 5) {
        ub_view* const view = open_view();
        const ub_report report = {.seconds = 0.02f};
        ub_view_report(view, &report);
        assert_float_equal(view->out[0].shown, 0, 0);
        for (int i = 1; i <= 17 * rate / 10; ++i) {
            ub_view_tick(view, (double)i / rate);
        }
        assert_float_equal(view->out[0].shown, -20, 2.5); // IEC 60268-10: in 1.7 s
        ub_view_free(view);
    }
}

/// The mean is one of power, and takes as long however often there are reports
static void
test_mean(void** state)
{
    (void)state;
    for (int rate = 10; rate <= 40; rate += 10) {
        ub_view* const view = open_view();
        ub_report report = {.seconds = 1.0f / (float)rate};
        for (int i = 0; i < 3 * rate / 10; ++i) { // as long as it averages
            ub_view_report(view, &report);
        }
        assert_float_equal(view->power[0], 1 - exp(-1), 1e-3);
        for (int i = 0; i < 10 * rate; ++i) { // loud and silent by turns
            report.rms[0] = i % 2 ? UB_REPORT_SILENCE : 0.0f;
            ub_view_report(view, &report);
        }
        assert_float_equal(10 * log10f(view->power[0]), -3, 0.8);
        ub_view_free(view);
    }
}

/// The line falls after two seconds, the number stays until a click
static void
test_held(void** state)
{
    (void)state;
    ub_view* const view = open_view();
    ub_report report = {.seconds = 0.02f, .peak = {-3, -6}};
    ub_view_report(view, &report);
    report.peak[0] = report.peak[1] = -50;
    ub_view_report(view, &report);
    for (double time = 0; time < 1.9; time += 0.04) {
        ub_view_tick(view, time);
    }
    assert_float_equal(view->out[0].held, -3, 0);
    for (double time = 1.9; time < 20; time += 0.04) {
        ub_view_tick(view, time);
    }
    assert_true(view->out[0].held < -50);
    assert_float_equal(view->out[0].highest, -3, 0);
    for (uint32_t i = 0; i < view->items; ++i) {
        if (view->item[i].kind == UB_ITEM_METER && view->item[i].strip < 0) {
            click(view, &view->item[i].box, 5);
        }
    }
    assert_true(view->out[0].highest < -50);
    ub_view_free(view);
}

/// Marks lie where faders and meters have those decibels
static void
test_marks(void** state)
{
    (void)state;
    ub_view* const view = open_view();
    const ub_box* const scale = &item_of(view, UB_ITEM_SCALE)->box;
    const ub_box* const fader = &item_of(view, UB_ITEM_FADER)->box;
    const ub_box* const meter = &item_of(view, UB_ITEM_METER)->box;
    assert_float_equal(scale->y, fader->y, 0);
    assert_float_equal(scale->h, fader->h, 0);
    assert_float_equal(scale->y, meter->y, 0);
    assert_float_equal(scale->h, meter->h, 0);
    ub_view_free(view);
}

static void
test_sizes(void** state)
{
    (void)state;
    static const double sizes[] = {0, 0.75, 1, 1.25, 1.5, 2, 2.5, 3};
    ub_view* const view = open_view();
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); ++i) {
        click(view, &item_of(view, UB_ITEM_SIZE)->box, 5);
        const ub_box list = ub_layout_list(view);
        assert_true(list.y > 0 && list.y + list.h < item_of(view, UB_ITEM_SIZE)->box.y);
        chosen = -1;
        click(view, &list, (i + 0.5) * list.h / 8);
        assert_float_equal(chosen, sizes[i], 0);
        assert_false(view->listing);
    }
    // Without a mouse
    view->focus = (int)(item_of(view, UB_ITEM_SIZE) - view->item);
    ub_view_press_key(view, UB_KEY_ENTER, false);
    ub_view_press_key(view, UB_KEY_DOWN, false);
    ub_view_press_key(view, UB_KEY_DOWN, false);
    ub_view_press_key(view, UB_KEY_ENTER, false);
    assert_float_equal(chosen, 0.75, 0);
    ub_view_free(view);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fall),  cmocka_unit_test(test_mean),  cmocka_unit_test(test_held),
        cmocka_unit_test(test_marks), cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
