// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* The window's contents: what the pointer and the keyboard do, and what is drawn. */

#include "gui/state.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char* const sources[] = {"Vocals", "Drums", "Bass", "Other", "Blend", NULL};
static const char* const modes[] = {"Isolate", "Remove", NULL};
static const char* const responses[] = {"Studio", "Balanced", "Live", NULL};

static const ub_view_spec solo[UB_VIEW_CONTROLS] = {
    [UB_VIEW_SOURCE] = {"Source", "What is pulled out", "", 0, 4, 0, true, sources},
    [UB_VIEW_MODE] = {"Mode", NULL, "", 0, 1, 0, true, modes},
    [UB_VIEW_AMOUNT] = {"Amount", NULL, "", 0, 1, 1, false, NULL},
    [UB_VIEW_GAIN] = {"Gain", NULL, "dB", -24, 12, 0, false, NULL},
    [UB_VIEW_RESPONSE] = {"Response", NULL, "", 0, 2, 0, true, responses},
    [UB_VIEW_ENABLED] = {"Enabled", NULL, "", 0, 1, 1, true, NULL},
    [UB_VIEW_BLEND] = {"Blend vocals", NULL, "", 0, 1, 1, false, NULL},
    [UB_VIEW_BLEND + 1] = {"Blend drums", NULL, "", 0, 1, 0, false, NULL},
};

static const ub_view_spec mixer[UB_VIEW_CONTROLS] = {
    [UB_VIEW_LEVEL] = {"Vocals", NULL, "dB", -60, 12, 0, false, NULL},
    [UB_VIEW_LEVEL + 1] = {"Drums", NULL, "dB", -60, 12, 0, false, NULL},
    [UB_VIEW_MUTE] = {"Mute vocals", NULL, "", 0, 1, 0, true, NULL},
    [UB_VIEW_SOLO] = {"Solo vocals", NULL, "", 0, 1, 0, true, NULL},
    [UB_VIEW_ENABLED] = {"Enabled", NULL, "", 0, 1, 1, true, NULL},
};

/** What the view has asked for. */
typedef struct {
    ub_view* view;
    int grabbed[UB_VIEW_CONTROLS]; // times grabbed, less times let go
    int grabs;
    int sets;
    ub_view_control set;
    float value;
    char chosen[2048];
    int lists;
    double scale;
} desk;

static void
on_grab(void* handle, ub_view_control control, bool grabbed)
{
    desk* const d = (desk*)handle;
    d->grabbed[control] += grabbed ? 1 : -1;
    d->grabs += grabbed;
}

static void
on_set(void* handle, ub_view_control control, float value)
{
    desk* const d = (desk*)handle;
    assert_int_equal(d->grabbed[control], 1); // hosts write automation between touch and release
    ++d->sets;
    d->set = control;
    d->value = value;
}

static void
on_choose(void* handle, const char* path)
{
    snprintf(((desk*)handle)->chosen, sizeof(((desk*)handle)->chosen), "%s", path);
}

static void
on_list(void* handle)
{
    static const ub_view_model models[2] = {{"", "Default", "4 sources"},
                                            {"/models/two.safetensors", "Two", "2 sources"}};
    desk* const d = (desk*)handle;
    ++d->lists;
    ub_view_set_models(d->view, models, 2);
}

static void
on_scale(void* handle, double scale)
{
    ((desk*)handle)->scale = scale;
}

static void
open_desk(desk* d, const ub_view_spec* specs)
{
    memset(d, 0, sizeof(*d));
    const ub_view_actions actions = {d, on_grab, on_set, on_choose, on_list, on_scale};
    d->view = ub_view_new(specs, &actions);
    assert_non_null(d->view);
}

static void
close_desk(desk* d)
{
    for (int i = 0; i < UB_VIEW_CONTROLS; ++i) {
        assert_int_equal(d->grabbed[i], 0);
    }
    ub_view_free(d->view);
}

/// The middle of what turns a control, or chooses one of its values
static ub_view_pointer
over(const desk* d, ub_view_control control, float value)
{
    for (uint32_t i = 0; i < d->view->items; ++i) {
        const ub_view_item* const item = &d->view->item[i];
        if (item->control == control && (item->kind != UB_ITEM_CHOICE || item->value == value)) {
            return (ub_view_pointer){item->box.x + item->box.w / 4, item->box.y + item->box.h / 2,
                                     false, 1.0};
        }
    }
    fail_msg("no item turns control %d", (int)control);
    return (ub_view_pointer){0, 0, false, 0};
}

static ub_view_pointer
over_kind(const desk* d, ub_view_item_kind kind)
{
    for (uint32_t i = 0; i < d->view->items; ++i) {
        const ub_box* const b = &d->view->item[i].box;
        if (d->view->item[i].kind == kind) {
            return (ub_view_pointer){b->x + b->w / 2, b->y + b->h / 2, false, 1.0};
        }
    }
    fail_msg("no item of kind %d", (int)kind);
    return (ub_view_pointer){0, 0, false, 0};
}

static void
click(desk* d, ub_view_pointer at)
{
    ub_view_press(d->view, &at, false);
    ub_view_release(d->view, &at);
}

static void
test_choose(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    click(&d, over(&d, UB_VIEW_SOURCE, 2));
    assert_int_equal(d.set, UB_VIEW_SOURCE);
    assert_float_equal(d.value, 2, 0);
    click(&d, over(&d, UB_VIEW_SOURCE, 2)); // it is chosen already
    assert_int_equal(d.sets, 1);
    click(&d, over(&d, UB_VIEW_MODE, 1));
    assert_int_equal(d.set, UB_VIEW_MODE);
    click(&d, over(&d, UB_VIEW_ENABLED, 0));
    assert_int_equal(d.set, UB_VIEW_ENABLED);
    assert_float_equal(d.value, 0, 0);
    close_desk(&d);
}

static void
test_drag(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    ub_view_pointer at = over(&d, UB_VIEW_AMOUNT, 0);
    ub_view_press(d.view, &at, false);
    const double w = d.view->item[d.view->held].box.w;
    at.x -= w / 2;
    ub_view_move(d.view, &at);
    assert_float_equal(d.value, 0.5f, 1e-4);
    // Fine, at a tenth of the speed
    at.shift = true;
    at.x += w / 2;
    ub_view_move(d.view, &at);
    assert_float_equal(d.value, 0.55f, 1e-4);
    // What the host says meanwhile does not pull it from the hand
    ub_view_set(d.view, UB_VIEW_AMOUNT, 0.1f);
    assert_float_equal(d.view->value[UB_VIEW_AMOUNT], 0.55f, 1e-4);
    ub_view_release(d.view, &at);
    ub_view_set(d.view, UB_VIEW_AMOUNT, 0.1f);
    assert_float_equal(d.view->value[UB_VIEW_AMOUNT], 0.1f, 1e-6);
    close_desk(&d);
}

static void
test_fader(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, mixer);
    ub_view_pointer at = over(&d, UB_VIEW_LEVEL + 1, 0);
    ub_view_press(d.view, &at, false);
    at.y += 2000; // far below its end
    ub_view_move(d.view, &at);
    assert_int_equal(d.set, UB_VIEW_LEVEL + 1);
    assert_float_equal(d.value, -60, 0);
    ub_view_release(d.view, &at);
    char text[32];
    ub_view_print(&mixer[UB_VIEW_LEVEL], -60, text, sizeof(text));
    assert_string_equal(text, "off");
    for (float db = -60; db <= 12; db += 0.5f) { // there and back
        const float place = ub_view_place(&mixer[UB_VIEW_LEVEL], db);
        assert_float_equal(ub_view_value(&mixer[UB_VIEW_LEVEL], place), db, 1e-3);
    }
    close_desk(&d);
}

static void
test_reset(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    ub_view_set(d.view, UB_VIEW_GAIN, 6);
    ub_view_pointer at = over(&d, UB_VIEW_GAIN, 0);
    click(&d, at);
    at.time += 0.2;
    click(&d, at);
    assert_float_equal(d.value, 0, 0);
    ub_view_set(d.view, UB_VIEW_GAIN, 6);
    at.time += 1;
    click(&d, at);
    at.time += 1; // too late for a double click
    click(&d, at);
    assert_float_equal(d.view->value[UB_VIEW_GAIN], 6, 0);
    ub_view_press(d.view, &at, true); // the other button
    assert_float_equal(d.view->value[UB_VIEW_GAIN], 0, 0);
    close_desk(&d);
}

static void
test_wheel(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    ub_view_pointer at = over(&d, UB_VIEW_GAIN, 0);
    ub_view_scroll(d.view, &at, 1);
    assert_float_equal(d.value, 0.02 * 36, 1e-3);
    at.shift = true;
    ub_view_scroll(d.view, &at, -1);
    assert_float_equal(d.value, 0.018 * 36, 1e-3);
    at = over(&d, UB_VIEW_RESPONSE, 0);
    ub_view_scroll(d.view, &at, -1);
    assert_int_equal(d.set, UB_VIEW_RESPONSE);
    assert_float_equal(d.value, 1, 0);
    close_desk(&d);
}

static void
type(desk* d, const char* text)
{
    for (; *text; ++text) {
        ub_view_type(d->view, (const char[]){*text, '\0'});
    }
}

static void
test_typing(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    ub_view_pointer at = over(&d, UB_VIEW_GAIN, 0);
    ub_view_move(d.view, &at);
    type(&d, "-3,5 dB");
    ub_view_press_key(d.view, UB_KEY_ENTER, false);
    assert_float_equal(d.value, -3.5, 0);
    type(&d, "99");
    ub_view_press_key(d.view, UB_KEY_ENTER, false);
    assert_float_equal(d.value, 12, 0); // as far as it goes
    type(&d, "3x");
    ub_view_press_key(d.view, UB_KEY_ENTER, false);
    assert_float_equal(d.view->value[UB_VIEW_GAIN], 12, 0); // no number: as it was
    type(&d, "1");
    ub_view_press_key(d.view, UB_KEY_ESCAPE, false);
    assert_float_equal(d.view->value[UB_VIEW_GAIN], 12, 0);
    type(&d, "12345678901234567890123456789012345678901234567890"); // longer than its room
    ub_view_press_key(d.view, UB_KEY_BACKSPACE, false);
    ub_view_press_key(d.view, UB_KEY_ESCAPE, false);
    close_desk(&d);
}

static void
test_keys(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    bool seen[UB_VIEW_CONTROLS] = {false};
    for (uint32_t i = 0; i < d.view->items; ++i) {
        ub_view_press_key(d.view, UB_KEY_TAB, false);
        const ub_view_control c = d.view->item[d.view->focus].control;
        if (c < UB_VIEW_CONTROLS) {
            seen[c] = true;
        }
    }
    for (int c = 0; c < UB_VIEW_CONTROLS; ++c) {
        assert_int_equal(seen[c], solo[c].name != NULL); // Tab comes to every control
    }
    do {
        ub_view_press_key(d.view, UB_KEY_BACK_TAB, false);
    } while (d.view->item[d.view->focus].control != UB_VIEW_AMOUNT);
    ub_view_press_key(d.view, UB_KEY_HOME, false);
    assert_float_equal(d.value, 0, 0);
    ub_view_press_key(d.view, UB_KEY_UP, false);
    assert_float_equal(d.value, 0.02, 1e-6);
    ub_view_press_key(d.view, UB_KEY_DELETE, false);
    assert_float_equal(d.value, 1, 0);
    close_desk(&d);
}

/// A model with other sources, which comes while something is dragged, typed or pointed at
static void
test_sources(void** state)
{
    (void)state;
    static const char two[UB_VIEW_STRIPS][24] = {"Vocals", "", "", "Rest", "", ""};
    static const char none[UB_VIEW_STRIPS][24] = {"", "", "", "", "", ""};
    static const char four[UB_VIEW_STRIPS][24] = {"Vocals", "Drums", "Bass", "Other", "", ""};
    desk d;
    open_desk(&d, mixer);
    ub_view_pointer at = over(&d, UB_VIEW_LEVEL + 1, 0);
    at.x -= 5;
    ub_view_press(d.view, &at, false);
    ub_view_set_sources(d.view, two); // the fader that is held goes away
    assert_int_equal(d.grabbed[UB_VIEW_LEVEL + 1], 0);
    at.y += 40;
    ub_view_move(d.view, &at);
    ub_view_release(d.view, &at);
    assert_int_equal(d.sets, 0);
    at = over(&d, UB_VIEW_LEVEL, 0);
    ub_view_press(d.view, &at, false);
    ub_view_set_sources(d.view, four); // it moves elsewhere
    at.y += 40;
    ub_view_move(d.view, &at);
    assert_int_equal(d.set, UB_VIEW_LEVEL);
    ub_view_release(d.view, &at);
    at = over(&d, UB_VIEW_LEVEL + 1, 0);
    ub_view_leave(d.view);
    ub_view_move(d.view, &at);
    ub_view_type(d.view, "-");
    ub_view_set_sources(d.view, none);
    d.sets = 0;
    ub_view_type(d.view, "3");
    ub_view_press_key(d.view, UB_KEY_ENTER, false);
    assert_int_equal(d.sets, 0);
    close_desk(&d);
}

static void
test_models(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    click(&d, over_kind(&d, UB_ITEM_MODEL));
    assert_true(d.view->listing);
    assert_int_equal(d.lists, 1);
    const ub_box box = ub_layout_list(d.view);
    click(&d, (ub_view_pointer){box.x + 20, box.y + box.h / 2, false, 2.0});
    assert_string_equal(d.chosen, "/models/two.safetensors");
    assert_false(d.view->listing);
    click(&d, over_kind(&d, UB_ITEM_MODEL));
    ub_view_press_key(d.view, UB_KEY_ESCAPE, false);
    assert_false(d.view->listing);
    close_desk(&d);
}

static void
touch(const char* folder, const char* name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fclose(fopen(path, "w"));
}

static void
test_browse(void** state)
{
    (void)state;
    char folder[] = "/tmp/unbraid-browse-XXXXXX", path[2048];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/inner", folder);
    mkdir(path, 0700);
    touch(folder, "b.safetensors");
    touch(folder, "notes.txt");
    touch(folder, ".hidden.safetensors");
    touch(path, "a.safetensors");
    ub_browse browse = {.entry = NULL};
    assert_true(ub_browse_open(&browse, folder));
    assert_int_equal(browse.entries, 2); // a folder, then what is of use
    assert_string_equal(browse.entry[0].name, "inner");
    assert_string_equal(browse.entry[1].name, "b.safetensors");
    assert_true(ub_browse_path(&browse, 0, path, sizeof(path)));
    assert_true(ub_browse_open(&browse, path));
    assert_string_equal(browse.entry[0].name, "a.safetensors");
    assert_false(ub_browse_open(&browse, "/nowhere/at/all"));
    assert_string_equal(browse.entry[0].name, "a.safetensors"); // as before
    ub_browse_up(&browse);
    assert_string_equal(browse.folder, folder);
    ub_browse_close(&browse);
    snprintf(path, sizeof(path), "rm -r '%s'", folder);
    assert_int_equal(system(path), 0);
}

static void
test_report(void** state)
{
    (void)state;
    float values[UB_REPORT_FLOATS];
    ub_report report;
    for (uint32_t i = 0; i < UB_REPORT_FLOATS; ++i) {
        values[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? 1e30f : -INFINITY;
    }
    assert_false(ub_report_read(&report, values, UB_REPORT_FLOATS - 1));
    assert_true(ub_report_read(&report, values, UB_REPORT_FLOATS));
    for (uint32_t b = 0; b < UB_REPORT_BANDS; ++b) {
        assert_in_range((int)(report.mix[b] + 120), 0, 180);
    }
    desk d;
    open_desk(&d, mixer);
    ub_view_report(d.view, &report); // and whatever it draws stays in its picture
    close_desk(&d);
}

/** A picture of the view, to look at its pixels. */
typedef struct {
    cairo_surface_t* surface;
    cairo_t* cr;
} canvas;

static canvas
paint(desk* d, double scale)
{
    double w, h;
    ub_view_size(d->view, &w, &h);
    canvas c;
    c.surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(w * scale), (int)(h * scale));
    c.cr = cairo_create(c.surface);
    ub_view_draw(d->view, c.cr, w * scale, h * scale);
    assert_int_equal(cairo_status(c.cr), CAIRO_STATUS_SUCCESS);
    cairo_surface_flush(c.surface);
    return c;
}

static uint32_t
pixel(const canvas* c, double x, double y)
{
    const uint8_t* const data = cairo_image_surface_get_data(c->surface);
    const int stride = cairo_image_surface_get_stride(c->surface);
    uint32_t value;
    memcpy(&value, data + (size_t)y * (size_t)stride + 4 * (size_t)x, 4);
    return value & 0xffffffU;
}

static void
free_canvas(canvas* c)
{
    cairo_destroy(c->cr);
    cairo_surface_destroy(c->surface);
}

static int
red(uint32_t p)
{
    return (int)(p >> 16U);
}

static int
blue(uint32_t p)
{
    return (int)(p & 255U);
}

// What is heard is lit in its colour, what is not is grey, at the place of its frequency; and
// this at any scale
static void
test_picture(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    ub_report report = {.seconds = 1.0f / 42};
    for (int b = 0; b < UB_REPORT_BANDS; ++b) {
        report.mix[b] = b < 32 || b >= 64 ? -20 : -120; // all but the middle
        report.heard[b] = b < 32 ? -20 : -120;          // the lowest third is heard
        report.owner[b] = -1;
    }
    for (int i = 0; i < UB_PICTURE_COLUMNS; ++i) {
        ub_view_report(d.view, &report);
    }
    for (double scale = 0.75; scale <= 3.0; scale += 0.75) {
        canvas c = paint(&d, scale);
        const ub_view_pointer at = over_kind(&d, UB_ITEM_PICTURE);
        ub_box p = {0, 0, 0, 0};
        for (uint32_t i = 0; i < d.view->items; ++i) {
            if (d.view->item[i].kind == UB_ITEM_PICTURE) {
                p = ub_layout_picture(&d.view->item[i].box);
            }
        }
        const uint32_t low = pixel(&c, at.x * scale, (p.y + p.h * 5.2 / 6) * scale);
        const uint32_t none = pixel(&c, at.x * scale, (p.y + p.h * 0.52) * scale);
        const uint32_t high = pixel(&c, at.x * scale, (p.y + p.h * 0.29) * scale);
        assert_true(red(low) > blue(low) + 80); // vocals are orange
        assert_true(red(none) < 30 && blue(none) < 30);
        assert_true(red(high) > 40 && abs(red(high) - blue(high)) < 8);
        free_canvas(&c);
    }
    ub_picture_point point;
    assert_true(ub_picture_at(d.view->picture, 0.999f, ub_picture_row(440), &point));
    assert_float_equal(point.hertz, 440, 1);
    assert_float_equal(point.seconds, 0, 1e-6);
    close_desk(&d);
}

/// A name that is no UTF-8, or is cut within a letter, keeps nothing from being drawn
static void
test_wrong_letters(void** state)
{
    (void)state;
    static const char* const names[] = {"J\xf6rg", "cut \xe9\x9f", "\xed\xa0\x80\xc0\xaf\xf5",
                                        "\xef\xbf\xbf"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        desk d;
        open_desk(&d, mixer);
        ub_view_status status = {.rate = 44100};
        snprintf(status.message, sizeof(status.message), "%s", names[i]);
        ub_view_set_status(d.view, &status);
        canvas c = paint(&d, 1.0);
        assert_int_equal(cairo_status(c.cr), CAIRO_STATUS_SUCCESS);
        free_canvas(&c);
        close_desk(&d);
    }
}

static void
test_freeze(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    ub_report report = {.seconds = 1.0f / 42};
    ub_view_report(d.view, &report);
    click(&d, over_kind(&d, UB_ITEM_PICTURE));
    assert_true(ub_picture_frozen(d.view->picture));
    for (int b = 0; b < UB_REPORT_BANDS; ++b) {
        report.mix[b] = -50;
    }
    ub_view_report(d.view, &report);
    ub_picture_point point;
    assert_true(ub_picture_at(d.view->picture, 0.999f, 0.5f, &point));
    assert_float_equal(point.mix, 0, 0); // as it was
    click(&d, over_kind(&d, UB_ITEM_PICTURE));
    assert_true(ub_picture_at(d.view->picture, 0.999f, 0.5f, &point));
    assert_float_equal(point.mix, -50, 0);
    close_desk(&d);
}

static void
test_late(void** state)
{
    (void)state;
    desk d;
    open_desk(&d, solo);
    ub_view_status status = {.rate = 44100, .late = 7};
    ub_view_set_status(d.view, &status);
    click(&d, over_kind(&d, UB_ITEM_LATE));
    assert_float_equal(d.view->late_from, 7, 0);
    status.late = 2; // the plugin counts anew
    ub_view_set_status(d.view, &status);
    assert_float_equal(d.view->late_from, 0, 0);
    close_desk(&d);
}

// Nothing lies on anything else, or outside
static void
test_layout(void** state)
{
    (void)state;
    static const ub_view_spec* const all[] = {solo, mixer};
    for (int k = 0; k < 2; ++k) {
        desk d;
        open_desk(&d, all[k]);
        for (uint32_t i = 0; i < d.view->items; ++i) {
            const ub_box* const a = &d.view->item[i].box;
            assert_true(a->x >= 0 && a->y >= 0 && a->w > 0 && a->h > 0);
            assert_true(a->x + a->w <= d.view->width && a->y + a->h <= d.view->height);
            for (uint32_t j = 0; j < i; ++j) {
                const ub_box* const b = &d.view->item[j].box;
                const bool apart = a->x + a->w <= b->x + 1e-6 || b->x + b->w <= a->x + 1e-6 ||
                                   a->y + a->h <= b->y + 1e-6 || b->y + b->h <= a->y + 1e-6;
                assert_true(apart);
            }
        }
        close_desk(&d);
    }
}

// Fontconfig keeps what it has read
__attribute__((visibility("default"))) const char* __lsan_default_suppressions(void);

const char*
__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choose),  cmocka_unit_test(test_drag),
        cmocka_unit_test(test_fader),   cmocka_unit_test(test_reset),
        cmocka_unit_test(test_wheel),   cmocka_unit_test(test_typing),
        cmocka_unit_test(test_keys),    cmocka_unit_test(test_models),
        cmocka_unit_test(test_browse),  cmocka_unit_test(test_report),
        cmocka_unit_test(test_picture), cmocka_unit_test(test_freeze),
        cmocka_unit_test(test_late),    cmocka_unit_test(test_layout),
        cmocka_unit_test(test_sources), cmocka_unit_test(test_wrong_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
