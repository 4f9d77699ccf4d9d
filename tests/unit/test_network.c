// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/network.h"

#include "tests/unit/cuts.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char good[] =
    "{\"sources\": [\"vocals\", \"drums\"],"
    " \"stft\": {\"sample_rate\": 44100, \"channels\": 2, \"window\": 256, \"hop\": 64,"
    "            \"frames\": 16, \"first_bin\": 1, \"bins\": 128},"
    " \"dropped_mask\": \"nearest\", \"input\": {\"scale\": 2.0, \"power\": 0.3},"
    " \"control\": {\"kind\": \"dense\", \"layers\": ["
    "   {\"units\": 8, \"activation\": {\"kind\": \"relu\"}, \"norm\": {\"eps\": 1e-5}}]},"
    " \"encoder\": ["
    "   {\"filters\": 6, \"kernel\": [5, 5], \"stride\": [2, 2], \"pad\": [[2, 2], [2, 2]],"
    "    \"norm\": null, \"film\": \"complex\", \"activation\": {\"kind\": \"linear\"}},"
    "   {\"filters\": 12, \"kernel\": [3, 4], \"stride\": [1, 2], \"pad\": [[1, 1], [1, 2]],"
    "    \"norm\": {\"eps\": 1e-3}, \"film\": \"simple\","
    "    \"activation\": {\"kind\": \"leaky_relu\", \"slope\": 0.2}}],"
    " \"decoder\": ["
    "   {\"filters\": 6, \"kernel\": [3, 4], \"stride\": [1, 2], \"crop\": [[1, 1], [1, 1]],"
    "    \"skip\": null, \"norm\": null, \"film\": \"none\", \"activation\": {\"kind\": \"relu\"}},"
    "   {\"filters\": 2, \"kernel\": [5, 5], \"stride\": [2, 2], \"crop\": [[2, 1], [2, 1]],"
    "    \"skip\": 0, \"norm\": null, \"film\": \"complex\","
    "    \"activation\": {\"kind\": \"sigmoid\"}}]}";

static void
sizes_are_chained(void** state)
{
    (void)state;
    ub_network net;
    char err[256] = "";
    assert_true(ub_network_parse(&net, good, strlen(good), err, sizeof(err)));
    assert_int_equal(net.sources, 2);
    assert_string_equal(net.source[1], "drums");
    assert_int_equal(net.unet[0].encoder[0].inputs, 2);
    assert_int_equal(net.unet[0].encoder[0].out_size[0], 8);
    assert_int_equal(net.unet[0].encoder[0].out_size[1], 64);
    assert_int_equal(net.unet[0].encoder[1].out_size[0], 8);
    assert_int_equal(net.unet[0].encoder[1].out_size[1], 32);
    assert_int_equal(net.unet[0].decoder[0].inputs, 12);
    assert_int_equal(net.unet[0].decoder[0].out_size[1], 64);
    assert_int_equal(net.unet[0].decoder[1].inputs, 12);
    assert_int_equal(net.unet[0].encoder[1].pair, 6);
    assert_int_equal(net.unet[0].decoder[1].pair, 7);
    assert_int_equal(net.unet[0].pairs, 9);
    assert_int_equal(net.unet[0].control[0].inputs, 2);
    assert_true(isnan(net.dropped_mask));
    assert_int_equal(net.nearest, 1);
    assert_true(net.unet[0].encoder[1].activation.slope == 0.2f);
}

/// A text in the good description, what to put there, and a word of the message
typedef struct {
    const char* from;
    const char* to;
    const char* expected;
} change;

static const change changes[] = {
    {"\"sources\"", "\"sauces\"", "sauces"},
    {"\"drums\"", "\"vocals\"", "sources"},
    {"\"drums\"", "\"../drums\"", "sources"},
    {"\"drums\"", "7", "sources"},
    {"[\"vocals\", \"drums\"]", "[]", "sources"},
    {"\"channels\": 2", "\"channels\": 3", "stft.channels"},
    {"\"channels\": 2", "\"channels\": 1", "decoder.1"},
    {"\"window\": 256", "\"window\": 256.5", "stft.window"},
    {"\"window\": 256", "\"window\": 0", "stft.window"},
    {"\"window\": 256", "\"window\": 1e9", "stft.window"},
    {"\"hop\": 64", "\"hop\": 0", "stft.hop"},
    {"\"hop\": 64", "\"hop\": 64, \"jump\": 2", "stft.jump"},
    {"\"frames\": 16,", "", "stft.frames"},
    {"\"frames\": 16", "\"frames\": 15", "decoder.1"},
    {"\"bins\": 128", "\"bins\": 129", "stft.bins"},
    {"\"bins\": 128", "\"bins\": -1", "stft.bins"},
    {"\"first_bin\": 1", "\"first_bin\": 2", "stft.bins"},
    {"{\"sources\"", "{\"bands\": null, \"sources\"", "bands"},
    {"{\"sources\"", "{\"bands\": {\"kept\": 8}, \"sources\"", "bands.count"},
    {"{\"sources\"", "{\"bands\": {\"kept\": 8, \"count\": 128}, \"sources\"", "bands.count"},
    {"{\"sources\"", "{\"bands\": {\"kept\": 8, \"count\": 1}, \"sources\"", "bands.count"},
    {"{\"sources\"", "{\"bands\": {\"kept\": 32, \"count\": 32}, \"sources\"", "bands.kept"},
    {"{\"sources\"", "{\"bands\": {\"kept\": 0, \"count\": 32}, \"sources\"", "bands.kept"},
    {"{\"sources\"", "{\"bands\": {\"kept\": 0.5, \"count\": 32}, \"sources\"", "bands.kept"},
    {"{\"sources\"", "{\"bands\": {\"kept\": 8, \"count\": 32, \"top\": 1}, \"sources\"",
     "bands.top"},
    {"{\"sources\"", "{\"bands\": {\"kept\": 8, \"count\": 30}, \"sources\"", "decoder.1"},
    {"\"nearest\"", "\"furthest\"", "dropped_mask"},
    {"\"nearest\"", "1.5", "dropped_mask"},
    {"\"nearest\"", "{\"mean\": 8}", "dropped_mask"}, // of version 2
    {"\"scale\": 2.0", "\"scale\": 0", "input.scale"},
    {"\"power\": 0.3", "\"power\": -1", "input.power"},
    {"{\"sources\"", "{\"level\": 0, \"sources\"", "level"},
    {"{\"sources\"", "{\"level\": \"loud\", \"sources\"", "level"},
    {"{\"sources\"", "{\"levels\": -15, \"sources\"", "levels"},
    {"\"dense\"", "\"dance\"", "control.kind"},
    {"\"units\": 8", "\"units\": 0", "control.0.units"},
    {"\"kind\": \"relu\"", "\"kind\": \"elu\"", "control.0.activation.kind"},
    {"{\"kind\": \"relu\"}", "{\"kind\": \"relu\", \"slope\": 1}", "control.0.activation.slope"},
    {"{\"kind\": \"relu\"}", "7", "control.0.activation"},
    {"{\"eps\": 1e-5}", "{\"eps\": 0}", "control.0.norm.eps"},
    {"\"filters\": 6", "\"filters\": 0", "encoder.0.filters"},
    {"\"filters\": 6", "\"filters\": 100000", "encoder.0.filters"},
    {"\"kernel\": [5, 5]", "\"kernel\": [5]", "encoder.0.kernel"},
    {"\"kernel\": [5, 5]", "\"kernel\": [5, \"5\"]", "encoder.0.kernel"},
    {"\"stride\": [2, 2]", "\"stride\": [2, 0]", "encoder.0.stride"},
    {"\"pad\": [[2, 2], [2, 2]]", "\"pad\": [2, 2]", "encoder.0.pad"},
    {"\"pad\": [[1, 1], [1, 2]]", "\"pad\": [[1, 1], [3, 3]]", "decoder.1.skip"},
    {"\"norm\": null", "\"norm\": true", "encoder.0.norm"},
    {"\"film\": \"complex\"", "\"film\": \"noir\"", "encoder.0.film"},
    {"\"slope\": 0.2", "\"slope\": 2", "encoder.1.activation.slope"},
    {"\"kernel\": [3, 4], \"stride\": [1, 2], \"crop\"",
     "\"kernel\": [3, 1], \"stride\": [1, 2], \"crop\"", "decoder.0.kernel"},
    {"\"crop\": [[1, 1], [1, 1]]", "\"crop\": [[9, 9], [1, 1]]", "decoder.0"},
    {"\"skip\": 0", "\"skip\": 2", "decoder.1.skip"},
    {"\"skip\": 0", "\"skip\": 1", "decoder.1.skip"},
    {"\"filters\": 2", "\"filters\": 3", "decoder.1"},
    {"\"control\": {\"kind\"", "\"control\": {\"sort\"", "control.sort"},
    {"]}", "]", "not JSON"},
    {"{\"sources\"", "{\"encoder\": 7, \"sources\"", "not JSON"}, // twice the same key
};

static char*
replace(const char* text, const change* c)
{
    const char* at = strstr(text, c->from);
    assert_non_null(at);
    if (!strcmp(c->from, "]}")) { // the last one
        at = text + strlen(text) - 2;
    }
    char* out = (char*)calloc(1, strlen(text) + strlen(c->to) + 1);
    assert_non_null(out);
    memcpy(out, text, (size_t)(at - text));
    strcat(out, c->to);
    strcat(out, at + strlen(c->from));
    return out;
}

/* With a band map, images have as many bins as there are bands */
static void
bands_are_the_images_bins(void** state)
{
    (void)state;
    const change banded = {"{\"sources\"", "{\"bands\": {\"kept\": 8, \"count\": 32}, \"sources\"",
                           NULL};
    ub_network net;
    char err[256] = "";
    assert_true(ub_network_parse(&net, good, strlen(good), err, sizeof(err)));
    assert_int_equal(net.dft_bins, 128);
    assert_int_equal(net.kept, 128);
    assert_int_equal(net.bins, 128);
    char* text = replace(good, &banded);
    assert_true(ub_network_parse(&net, text, strlen(text), err, sizeof(err)));
    assert_int_equal(net.dft_bins, 128);
    assert_int_equal(net.kept, 8);
    assert_int_equal(net.bins, 32);
    assert_int_equal(net.unet[0].encoder[0].out_size[1], 16);
    assert_int_equal(net.unet[0].decoder[1].out_size[1], 32);
    free(text);
}

static void
wrong_values_are_named(void** state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); ++i) {
        char* text = replace(good, &changes[i]);
        ub_network net;
        char err[256] = "";
        const bool parsed = ub_network_parse(&net, text, strlen(text), err, sizeof(err));
        free(text);
        if (parsed) {
            fail_msg("%s was accepted", changes[i].to);
        }
        if (!strstr(err, changes[i].expected)) {
            fail_msg("%s: \"%s\" does not name %s", changes[i].to, err, changes[i].expected);
        }
        assert_null(strchr(err, '\n'));
    }
}

static void
film_needs_a_control(void** state)
{
    (void)state;
    json_t* root = json_loads(good, 0, NULL);
    json_object_set_new(root, "control", json_null());
    char* text = json_dumps(root, 0);
    ub_network net;
    char err[256] = "";
    assert_false(ub_network_parse(&net, text, strlen(text), err, sizeof(err)));
    assert_non_null(strstr(err, "control"));
    free(text);
    json_decref(root);
}

/// Read the good description with another condition generator
static bool
parse_with_control(ub_network* net, const char* control, char* err, size_t err_size)
{
    json_t* root = json_loads(good, 0, NULL);
    json_object_set_new(root, "control", json_loads(control, 0, NULL));
    char* text = json_dumps(root, 0);
    const bool parsed = ub_network_parse(net, text, strlen(text), err, err_size);
    free(text);
    json_decref(root);
    return parsed;
}

#define CONV(units, kernel, pad)                                     \
    "{\"units\": " #units ", \"kernel\": " #kernel ", \"pad\": " pad \
    ", \"activation\": {\"kind\": \"relu\"}, \"norm\": null}"

static void
conv_control_is_chained(void** state)
{
    (void)state;
    ub_network net;
    char err[256] = "";
    assert_true(parse_with_control(
        &net,
        "{\"kind\": \"conv\", \"layers\": [" CONV(5, 2, "[0, 1]") "," CONV(7, 2, "[0, 0]") "]}",
        err, sizeof(err)));
    assert_true(net.unet[0].conv_control);
    assert_int_equal(net.unet[0].control[0].inputs, 1);
    assert_int_equal(net.unet[0].control[0].in_length, 2);
    assert_int_equal(net.unet[0].control[0].out_length, 2);
    assert_int_equal(net.unet[0].control[1].inputs, 5);
    assert_int_equal(net.unet[0].control[1].out_length, 1);
    // Two positions come out; a kernel longer than its input; a kernel in a dense layer
    assert_false(parse_with_control(
        &net, "{\"kind\": \"conv\", \"layers\": [" CONV(5, 2, "[0, 1]") "]}", err, sizeof(err)));
    assert_non_null(strstr(err, "control: 2 positions"));
    assert_false(parse_with_control(
        &net, "{\"kind\": \"conv\", \"layers\": [" CONV(5, 3, "[0, 0]") "]}", err, sizeof(err)));
    assert_non_null(strstr(err, "control.0.kernel"));
    assert_false(parse_with_control(
        &net, "{\"kind\": \"dense\", \"layers\": [" CONV(5, 1, "[0, 0]") "]}", err, sizeof(err)));
    assert_non_null(strstr(err, "control.0.kernel"));
}

static void
every_cut_is_refused(void** state)
{
    (void)state;
    assert_int_equal(ub_cuts_taken(good, sizeof(good) - 1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_chained),       cmocka_unit_test(bands_are_the_images_bins),
        cmocka_unit_test(wrong_values_are_named),  cmocka_unit_test(film_needs_a_control),
        cmocka_unit_test(conv_control_is_chained), cmocka_unit_test(every_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
