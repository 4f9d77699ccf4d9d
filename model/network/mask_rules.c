// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/layers.h"

#include "model/file/error.h"

#include <string.h>

uint32_t
ub_find_source(const ub_network* net, const char* name)
{
    uint32_t i = 0;
    while (i < net->sources && (!name || strcmp(name, net->source[i]))) {
        ++i;
    }
    return i;
}

static void
read_shares(ub_json* json, const json_t* mask, ub_network* net)
{
    static const char* const keys[] = {"sources", "exponent", NULL};
    static const char where[] = "mask.shares";
    const json_t* shares = json_object_get(mask, "shares");
    if (!shares || json_is_null(shares) || !ub_json_object(json, shares, where, keys)) {
        return;
    }
    if (net->softmax || net->ratio_exponent > 0.0f) {
        json->ok = ub_error(json->err, json->err_size,
                            "%s: wrong value (expected null, as \"%s\" is used)", where,
                            net->softmax ? "softmax" : "ratio");
        return;
    }
    net->share_exponent = (float)ub_json_number(json, shares, where, "exponent", 0.1, 8.0);
    const json_t* names = ub_json_array(json, shares, where, "sources", 2, UB_NET_SOURCES);
    for (size_t i = 0; i < json_array_size(names); ++i) {
        const uint32_t s = ub_find_source(net, json_string_value(json_array_get(names, i)));
        if (s == net->sources || net->of_mix[s]) {
            json->ok = ub_error(json->err, json->err_size,
                                "%s.sources: name %zu is wrong (expected one of the model's "
                                "sources, none twice)",
                                where, i);
            return;
        }
        net->of_mix[s] = true;
    }
}

void
ub_read_mask(ub_json* json, const json_t* root, ub_network* net)
{
    static const char* const keys[] = {"softmax", "ratio", "shares", NULL};
    static const char* const older_keys[] = {"softmax", "ratio", NULL};
    static const char* const ratio_keys[] = {"exponent", "epsilon", NULL};
    static const char where[] = "mask.ratio";
    const json_t* mask = json_object_get(root, "mask");
    if (!ub_json_object(json, mask, "mask", json_object_get(mask, "shares") ? keys : older_keys)) {
        return;
    }
    net->softmax = ub_json_bool(json, mask, "mask", "softmax");
    const json_t* ratio = json_object_get(mask, "ratio");
    if (!json_is_null(ratio) && ub_json_object(json, ratio, where, ratio_keys)) {
        net->ratio_exponent = (float)ub_json_number(json, ratio, where, "exponent", 0.1, 8.0);
        net->ratio_epsilon = (float)ub_json_number(json, ratio, where, "epsilon", 1e-30, 1.0);
    }
    read_shares(json, mask, net);
}
