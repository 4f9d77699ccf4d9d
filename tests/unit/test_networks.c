// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Descriptions of format version 2: several U-Nets, and what their masks come of. */

#include "model/network/masks.h"

#include "tests/unit/cuts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENCODER(film)                                                                            \
    "\"encoder\": ["                                                                             \
    "  {\"filters\": 6, \"kernel\": [5, 5], \"stride\": [2, 2], \"pad\": [[1, 2], [1, 2]],"      \
    "   \"norm\": {\"eps\": 1e-3}, \"film\": \"" film "\", \"activation\": {\"kind\": \"elu\"}," \
    "   \"order\": \"norm_first\", \"raw_skip\": true, \"skip_film\": \"" film "\"},"            \
    "  {\"filters\": 8, \"kernel\": [5, 5], \"stride\": [2, 2], \"pad\": [[1, 2], [1, 2]],"      \
    "   \"norm\": null, \"film\": \"none\", \"activation\": {\"kind\": \"linear\"},"             \
    "   \"order\": \"norm_first\", \"raw_skip\": false, \"skip_film\": \"none\"}]"

#define DECODER                                                                                      \
    "\"decoder\": ["                                                                                 \
    "  {\"kind\": \"transposed\", \"filters\": 6, \"kernel\": [5, 5], \"stride\": [2, 2],"           \
    "   \"crop\": [[1, 2], [1, 2]], \"skip\": null, \"norm\": {\"eps\": 1e-3},"                      \
    "   \"film\": \"none\", \"order\": \"activation_first\", \"activation\": {\"kind\": \"relu\"}}," \
    "  {\"kind\": \"transposed\", \"filters\": 1, \"kernel\": [5, 5], \"stride\": [2, 2],"           \
    "   \"crop\": [[1, 2], [1, 2]], \"skip\": 0, \"norm\": {\"eps\": 1e-3}, \"film\": \"none\","     \
    "   \"order\": \"activation_first\", \"activation\": {\"kind\": \"relu\"}},"                     \
    "  {\"kind\": \"conv\", \"filters\": 2, \"kernel\": [4, 4], \"dilation\": [2, 2],"               \
    "   \"pad\": [[3, 3], [3, 3]], \"skip\": null, \"norm\": null, \"film\": \"none\","              \
    "   \"order\": \"norm_first\", \"activation\": {\"kind\": \"sigmoid\"}}]"

static const char good[] =
    "{\"sources\": [\"drums\", \"vocals\", \"bass\"],"
    " \"stft\": {\"sample_rate\": 44100, \"channels\": 2, \"window\": 256, \"hop\": 64,"
    "            \"frames\": 12, \"first_bin\": 0, \"bins\": 64},"
    " \"dropped_mask\": \"mean\", \"input\": {\"scale\": 1.0, \"power\": 1.0},"
    " \"level\": -15.5,"
    " \"mask\": {\"softmax\": false, \"ratio\": {\"exponent\": 2.0, \"epsilon\": 1e-10}},"
    " \"networks\": ["
    "  {\"sources\": [\"vocals\"], \"control\": null, " ENCODER(
        "none") ", " DECODER "},"
                "  {\"sources\": [\"bass\", \"drums\"], \"control\": {\"kind\": \"dense\", \"layers\": ["
                "   {\"units\": 8, \"activation\": {\"kind\": \"relu\"}, \"norm\": null}]}, " ENCODER(
                    "complex") ", " DECODER "}]}";

static void
read_good(ub_network* net)
{
    char err[256] = "";
    if (!ub_network_parse(net, good, strlen(good), err, sizeof(err))) {
        fail_msg("%s", err);
    }
}

static void
everything_is_read(void** state)
{
    (void)state;
    ub_network net;
    read_good(&net);
    assert_int_equal(net.version, 2);
    assert_true(isnan(net.dropped_mask));
    assert_int_equal(net.nearest, 64); // all that it sees
    assert_true(net.level == -15.5f);
    assert_false(net.softmax);
    assert_true(net.ratio_exponent == 2.0f);
    assert_true(net.ratio_epsilon == 1e-10f);
    assert_int_equal(net.unets, 2);
    assert_int_equal(net.unet[1].sources, 2);
    assert_int_equal(net.unet[1].source[0], 2); // bass
    assert_int_equal(net.unet[1].source[1], 0); // drums
    assert_int_equal(net.unet[1].control[0].inputs, 2);
    assert_int_equal(net.unet[0].pairs, 0);
    assert_int_equal(net.unet[1].pairs, 12);
    assert_int_equal(net.unet[1].encoder[0].skip_pair, 6);
    assert_int_equal(net.unet[0].encoder[0].activation.kind, UB_ELU);
    assert_true(net.unet[0].encoder[0].raw_skip);
    assert_true(net.unet[0].decoder[0].activation_first);
    const ub_layer* last = &net.unet[0].decoder[2];
    assert_false(last->transposed);
    assert_int_equal(last->dilation[1], 2);
    assert_int_equal(last->stride[0], 1);
    assert_int_equal(last->out_size[1], 64);
}

/// A text in the good description, what to put there, and a word of the message
typedef struct {
    const char* from;
    const char* to;
    const char* expected;
} change;

#define RATIO "\"ratio\": {\"exponent\": 2.0, \"epsilon\": 1e-10}"

static const change changes[] = {
    {"[\"vocals\"]", "[\"drums\"]", "networks.1.sources: name 1"},
    {"[\"vocals\"]", "[\"piano\"]", "networks.0.sources: name 0"},
    {"[\"vocals\"]", "[]", "networks.0.sources"},
    {"[\"bass\", \"drums\"]", "[\"bass\"]", "no network gives drums"},
    {"[\"vocals\"]", "[\"vocals\", \"bass\"]", "networks.0.sources: a network without a control"},
    {"\"control\": null", "\"control\": 7", "networks.0.control"},
    {"\"film\": \"none\"", "\"film\": \"complex\"", "networks.0.control"},
    {"\"frames\": 12", "\"frames\": 14", "stft.frames: 14 (expected a multiple of"},
    {"\"bins\": 64", "\"bins\": 66", "networks.0.decoder"},
    {"\"mean\"", "\"median\"", "dropped_mask"},
    {"\"mean\"", "{\"mean\": 0}", "dropped_mask.mean"},
    {"\"mean\"", "{\"mean\": 65}", "dropped_mask.mean"},
    {"\"mean\"", "{\"mean\": 1.5}", "dropped_mask.mean"},
    {"\"mean\"", "{\"means\": 8}", "dropped_mask.means"},
    {"\"mean\"", "[8]", "dropped_mask"},
    {"\"level\": -15.5", "\"level\": 15.5", "level"},
    {"\"level\": -15.5", "\"level\": {\"reference\": 0.1}", "level"},
    {"\"level\": -15.5", "\"levels\": -15.5", "levels"},
    {"\"softmax\": false", "\"softmax\": 0", "mask.softmax"},
    {"\"softmax\": false", "\"softmax\": true", "networks.0.decoder.2.activation"},
    {"\"exponent\": 2.0", "\"exponent\": 0", "mask.ratio.exponent"},
    {"\"epsilon\": 1e-10", "\"epsilon\": 0", "mask.ratio.epsilon"},
    {RATIO, RATIO ", \"shares\": {\"sources\": [\"bass\", \"drums\"], \"exponent\": 1}",
     "mask.shares: wrong value (expected null"},
    {RATIO, "\"ratio\": null, \"shares\": {\"sources\": [\"bass\",\"piano\"], \"exponent\": 1}",
     "mask.shares.sources: name 1"},
    {RATIO,
     "\"ratio\": null, \"shares\": {\"sources\": [\"bass\",\"drums\",\"bass\"], \"exponent\": 1}",
     "mask.shares.sources: name 2"},
    {RATIO, "\"ratio\": null, \"shares\": {\"sources\": [\"bass\"], \"exponent\": 1}",
     "mask.shares.sources"},
    {RATIO, "\"ratio\": null, \"shares\": {\"sources\": [\"bass\",\"drums\"], \"exponent\": 0}",
     "mask.shares.exponent"},
    {RATIO, "\"ratio\": null, \"shares\": 1.5", "mask.shares"},
    {RATIO, "\"ratio\": null, \"share\": null", "share"},
    {"\"order\": \"norm_first\"", "\"order\": \"any\"", "networks.0.encoder.0.order"},
    {"\"raw_skip\": true", "\"raw_skip\": 1", "networks.0.encoder.0.raw_skip"},
    {"\"raw_skip\": false", "\"raw_skip\": true", "networks.0.encoder.1.raw_skip"},
    {"\"skip_film\": \"none\"}]", "\"skip_film\": \"simple\"}]", "networks.0.encoder.1.skip_film"},
    {"\"skip_film\": \"none\"},", "\"skip_film\": \"noir\"},", "networks.0.encoder.0.skip_film"},
    {"\"kind\": \"elu\"", "\"kind\": \"gelu\"", "networks.0.encoder.0.activation.kind"},
    {"\"kind\": \"conv\"", "\"kind\": \"transposed\"", "networks.0.decoder.2"},
    {"\"kind\": \"conv\"", "\"kind\": \"convolution\"", "networks.0.decoder.2.kind"},
    {"\"dilation\": [2, 2]", "\"dilation\": [2, 3]", "networks.0.decoder.2: the mask"},
    {"\"dilation\": [2, 2]", "\"dilation\": [0, 2]", "networks.0.decoder.2.dilation"},
    {"\"pad\": [[3, 3], [3, 3]]", "\"pad\": [[3, 3], [3, 256]]", "networks.0.decoder.2.pad"},
    {"\"networks\": [", "\"networks\": 1, \"old\": [", "old"},
    {"\"level\": -15.5", "\"control\": null", "control"},
};

static void
wrong_values_are_named(void** state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); ++i) {
        const change* c = &changes[i];
        const char* at = strstr(good, c->from);
        assert_non_null(at);
        char* text = (char*)calloc(1, strlen(good) + strlen(c->to) + 1);
        strncpy(text, good, (size_t)(at - good));
        strcat(strcat(text, c->to), at + strlen(c->from));
        ub_network net;
        char err[256] = "";
        if (ub_network_parse(&net, text, strlen(text), err, sizeof(err))) {
            fail_msg("%s was accepted", c->to);
        }
        if (!strstr(err, c->expected) || strchr(err, '\n')) {
            fail_msg("%s: \"%s\" does not name %s", c->to, err, c->expected);
        }
        free(text);
    }
}

/// The passes of a condition: U-Net, and the condition for it
static void
check_passes(const ub_network* net, bool thorough, const float* condition, uint32_t n,
             const ub_pass* expected)
{
    ub_pass passes[UB_MASK_PASSES];
    assert_int_equal(ub_mask_passes(net, thorough, condition, passes), n);
    for (uint32_t i = 0; i < n; ++i) {
        assert_int_equal(passes[i].unet, expected[i].unet);
        assert_float_equal(passes[i].weight, expected[i].weight, 0.0f);
        assert_memory_equal(passes[i].condition, expected[i].condition,
                            sizeof(expected[i].condition));
    }
}

/* A source of one network runs that network alone, unless every source has a part in the mask */
static void
only_what_is_asked_for_runs(void** state)
{
    (void)state;
    ub_network net;
    read_good(&net);
    assert_true(ub_mask_is_made(&net));
    const float vocals[UB_NET_SOURCES] = {0.0f, 0.5f, 0.0f};
    const float blend[UB_NET_SOURCES] = {0.25f, 0.5f, 0.75f};
    const float nothing[UB_NET_SOURCES] = {0.0f};
    const ub_pass all[] = {
        {1, {1.0f}, 0.0f}, {0, {0.0f, 1.0f}, 0.0f}, {1, {0.0f, 0.0f, 1.0f}, 0.0f}};
    check_passes(&net, true, vocals, 3, all);
    check_passes(&net, true, blend, 3, all);
    net.ratio_exponent = 0.0f;
    // Bass alone as much as it is above drums, then both
    const ub_pass own[] = {
        {0, {0.0f, 1.0f}, 0.5f}, {1, {0.0f, 0.0f, 1.0f}, 0.5f}, {1, {1.0f, 0.0f, 1.0f}, 0.25f}};
    check_passes(&net, true, vocals, 1, own);
    check_passes(&net, true, blend, 3, own);
    check_passes(&net, true, nothing, 0, own);
    net.share_exponent = 1.5f;
    net.of_mix[0] = net.of_mix[1] = true; // drums and vocals, not bass
    const ub_pass parts[] = {             // each is all of its U-Net's
                             {0, {0.0f, 1.0f}, 0.0f},
                             {1, {1.0f}, 0.0f},
                             {1, {0.0f, 0.0f, 1.0f}, 0.0f}};
    check_passes(&net, true, nothing, 3, parts);
    net.of_mix[2] = true;
    const ub_pass more[] = {{0, {0.0f, 1.0f}, 0.0f},
                            {1, {1.0f, 0.0f, 1.0f}, 0.0f},
                            {1, {0.0f, 0.0f, 1.0f}, 0.0f},
                            {1, {1.0f}, 0.0f}};
    check_passes(&net, true, vocals, 4, more);
    check_passes(&net, false, vocals, 1, own); // where that would cost too much
    net.unets = 1;
    const ub_pass as_it_is = {0, {0.25f, 0.5f, 0.75f}, 1.0f};
    check_passes(&net, false, blend, 1, &as_it_is);
    net.share_exponent = 0.0f;
    assert_false(ub_mask_is_made(&net));
    check_passes(&net, true, blend, 1, &as_it_is);
}

static void
make(const ub_network* net, const float* condition, const ub_mask_parts* parts, float* mask)
{
    ub_masks_make(net, true, 1, &condition, parts, &mask);
}

/* Shares of all sources add up to 1; sums of networks' own masks stay below it */
static void
masks_are_made(void** state)
{
    (void)state;
    ub_network net;
    read_good(&net);
    enum { COUNT = 2, SIZE = 2 * COUNT * 64, INPUT = 2 * 12 * 64 };
    static float output[3][SIZE];
    static float input[INPUT];
    static float mask[SIZE];
    for (uint32_t i = 0; i < SIZE; ++i) {
        output[0][i] = 0.3f;
        output[1][i] = 0.9f;
        output[2][i] = 0.6f;
    }
    for (uint32_t i = 0; i < INPUT; ++i) {
        input[i] = i / 64 % 12 == 7 ? 2.0f : 0.0f; // silence but in frame 7 of both channels
    }
    const float* const outputs[] = {output[0], output[1], output[2]};
    const ub_mask_parts parts = {outputs, input, 7, COUNT};
    const float vocals[UB_NET_SOURCES] = {0.0f, 1.0f, 0.0f};
    make(&net, vocals, &parts, mask);
    for (uint32_t i = 0; i < SIZE; ++i) {
        const double expected = i / 64 % COUNT == 0 ? 0.81 / (0.09 + 0.81 + 0.36) : 1.0 / 3.0;
        assert_true(fabs((double)mask[i] - expected) < 1e-6);
    }
    net.ratio_exponent = 0.0f;
    const float both[UB_NET_SOURCES] = {1.0f, 0.5f, 0.0f};
    make(&net, both, &parts, mask); // half the vocals' output, and the other's
    assert_true(mask[5] == 1.0f);
    output[1][5] = 0.1f;
    make(&net, both, &parts, mask);
    assert_true(fabsf(mask[5] - (0.5f * 0.3f + 0.1f)) < 1e-6f);
    net.softmax = true;
    output[1][7] = 100.0f; // no overflow
    make(&net, vocals, &parts, mask);
    assert_true(fabsf(mask[7] - 1.0f) < 1e-6f);
    const double sum = exp(0.3) + exp(0.9) + exp(0.6);
    assert_true(fabs((double)mask[6] - exp(0.9) / sum) < 1e-6);
}

/* Networks' parts are brought to a sum of 1, and sources get shares of theirs */
static void
shares_are_made(void** state)
{
    (void)state;
    ub_network net;
    read_good(&net);
    net.ratio_exponent = 0.0f;
    net.share_exponent = 1.5f;
    net.of_mix[0] = net.of_mix[1] = net.of_mix[2] = true;
    enum { COUNT = 3, SIZE = 2 * COUNT * 64 }; // more than are made together
    static float output[4][SIZE];
    static float mask[SIZE];
    // Vocals, bass and drums at once, bass, drums
    const float values[] = {0.3f, 0.5f, 0.4f, 0.1f};
    const float* outputs[4];
    for (uint32_t k = 0; k < 4; ++k) {
        outputs[k] = output[k];
        for (uint32_t i = 0; i < SIZE; ++i) {
            output[k][i] = values[k];
        }
    }
    output[2][9] = -1.0f;
    output[3][9] = -2.0f; // nothing to share by: halves
    output[0][8] = 1.5f;  // as 1
    const ub_mask_parts parts = {outputs, NULL, 0, COUNT};
    const float vocals[UB_NET_SOURCES] = {0.0f, 1.0f, 0.0f};
    make(&net, vocals, &parts, mask);
    for (uint32_t i = 0; i < SIZE; ++i) {
        assert_true(fabs((double)mask[i] - (i == 8 ? 0.75 : 0.4)) < 1e-6);
    }
    const float bass[UB_NET_SOURCES] = {0.0f, 0.0f, 1.0f};
    make(&net, bass, &parts, mask);
    const double share = 0.6 * pow(0.4, 1.5) / (pow(0.4, 1.5) + pow(0.1, 1.5));
    assert_true(fabs((double)mask[SIZE - 1] - share) < 1e-5);
    assert_true(fabs((double)mask[9] - 0.3) < 1e-6);
    const float all[UB_NET_SOURCES] = {1.0f, 1.0f, 1.0f};
    make(&net, all, &parts, mask);
    for (uint32_t i = 0; i < SIZE; ++i) {
        assert_true(fabs((double)mask[i] - 1.0) < 1e-6);
    }
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
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(wrong_values_are_named),
        cmocka_unit_test(only_what_is_asked_for_runs),
        cmocka_unit_test(masks_are_made),
        cmocka_unit_test(shares_are_made),
        cmocka_unit_test(every_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
