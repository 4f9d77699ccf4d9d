// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/network.h"

#include "model/file/error.h"
#include "model/file/json.h"
#include "model/network/layers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool
is_name(const char* name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const size_t n = name ? strlen(name) : 0;
    return n && n < UB_NAME_SIZE && strspn(name, letters) == n;
}

static void
read_sources(ub_json* json, const json_t* root, ub_network* net)
{
    const json_t* names = ub_json_array(json, root, "", "sources", 1, UB_NET_SOURCES);
    net->sources = (uint32_t)json_array_size(names);
    for (uint32_t i = 0; i < net->sources; ++i) {
        const char* name = json_string_value(json_array_get(names, i));
        bool ok = is_name(name);
        for (uint32_t k = 0; ok && k < i; ++k) {
            ok = strcmp(name, net->source[k]);
        }
        if (!ok) {
            json->ok = ub_error(json->err, json->err_size,
                                "sources: name %u is wrong (expected 1 to %d of a-z, A-Z, 0-9, _ "
                                "and -, no name twice)",
                                i, UB_NAME_SIZE - 1);
            return;
        }
        strcpy(net->source[i], name);
    }
}

static void
read_stft(ub_json* json, const json_t* root, ub_network* net)
{
    static const char* const keys[] = {"sample_rate", "channels",  "window", "hop",
                                       "frames",      "first_bin", "bins",   NULL};
    static const char where[] = "stft";
    const json_t* stft = json_object_get(root, where);
    if (!ub_json_object(json, stft, where, keys)) {
        return;
    }
    net->sample_rate = ub_json_uint(json, stft, where, "sample_rate", 1000, 768000);
    net->channels = ub_json_uint(json, stft, where, "channels", 1, 2);
    net->window = ub_json_uint(json, stft, where, "window", 16, 65536);
    net->hop = ub_json_uint(json, stft, where, "hop", 1, net->window / 2);
    net->frames = ub_json_uint(json, stft, where, "frames", 1, 4096);
    net->first_bin = ub_json_uint(json, stft, where, "first_bin", 0, net->window / 2);
    net->dft_bins =
        ub_json_uint(json, stft, where, "bins", 1, net->window / 2 + 1 - net->first_bin);
}

static void
read_bands(ub_json* json, const json_t* root, ub_network* net)
{
    static const char* const keys[] = {"kept", "count", NULL};
    static const char where[] = "bands";
    const json_t* bands = json_object_get(root, where);
    net->kept = net->bins = net->dft_bins;
    if (bands && ub_json_object(json, bands, where, keys)) {
        net->bins = ub_json_uint(json, bands, where, "count", 2, net->dft_bins - 1);
        net->kept = ub_json_uint(json, bands, where, "kept", 1, net->bins - 1);
    }
}

static void
read_input(ub_json* json, const json_t* root, ub_network* net)
{
    static const char* const keys[] = {"scale", "power", NULL};
    const json_t* input = json_object_get(root, "input");
    if (ub_json_object(json, input, "input", keys)) {
        net->input_scale = (float)ub_json_number(json, input, "input", "scale", 1e-6, 1e6);
        net->input_power = (float)ub_json_number(json, input, "input", "power", 0.01, 4.0);
    }
}

static void
read_dropped(ub_json* json, const json_t* root, ub_network* net)
{
    static const char key[] = "dropped_mask";
    static const char* const words[] = {"nearest", "mean", NULL};
    static const char* const nearest[] = {"nearest", NULL};
    static const char* const counts[] = {"mean", NULL};
    const json_t* value = json_object_get(root, key);
    net->dropped_mask = NAN;
    net->nearest = 1;
    if (json_is_number(value)) {
        net->dropped_mask = (float)ub_json_number(json, root, "", key, 0.0, 1.0);
    } else if (net->version > 1 && json_is_object(value)) {
        if (ub_json_object(json, value, key, counts)) {
            net->nearest = ub_json_uint(json, value, key, "mean", 1, net->dft_bins);
        }
    } else if (ub_json_word(json, root, "", key, net->version > 1 ? words : nearest)) {
        net->nearest = net->dft_bins;
    }
}

static void
read_level(ub_json* json, const json_t* root, ub_network* net)
{
    const json_t* level = json_object_get(root, "level");
    if (level && !json_is_null(level)) {
        net->level = (float)ub_json_number(json, root, "", "level", -60.0, -1.0);
    }
}

static void
check_film(ub_json* json, const char* prefix, const ub_unet* unet)
{
    if (json->ok && !unet->controls != !unet->pairs) {
        json->ok = ub_error(json->err, json->err_size,
                            unet->pairs ? "%s%scontrol: wrong value (expected layers, as \"film\" "
                                          "is used)"
                                        : "%s%scontrol: wrong value (expected null, as no layer "
                                          "uses \"film\")",
                            prefix, *prefix ? "." : "");
    }
}

/// One U-Net, whose sources are known
static void
read_unet(ub_json* json, const json_t* value, const char* prefix, const ub_network* net,
          ub_unet* unet)
{
    ub_read_control(json, value, prefix, net->version, unet);
    ub_read_layers(json, value, prefix, net, unet);
    check_film(json, prefix, unet);
}

/// The only U-Net of a model of version 1, which gives all sources
static void
read_only_unet(ub_json* json, const json_t* root, ub_network* net)
{
    net->unets = 1;
    net->unet[0].sources = net->sources;
    for (uint32_t i = 0; i < net->sources; ++i) {
        net->unet[0].source[i] = i;
    }
    read_unet(json, root, "", net, &net->unet[0]);
}

/// The sources of one U-Net, none of which another one gives
static void
read_given(ub_json* json, const json_t* value, const char* prefix, const ub_network* net,
           bool given[UB_NET_SOURCES], ub_unet* unet)
{
    const json_t* names = ub_json_array(json, value, prefix, "sources", 1, UB_NET_SOURCES);
    unet->sources = (uint32_t)json_array_size(names);
    for (uint32_t i = 0; i < unet->sources; ++i) {
        unet->source[i] = ub_find_source(net, json_string_value(json_array_get(names, i)));
        if (unet->source[i] == net->sources || given[unet->source[i]]) {
            json->ok = ub_error(json->err, json->err_size,
                                "%s.sources: name %u is wrong (expected one of the model's sources "
                                "that no other network gives)",
                                prefix, i);
            return;
        }
        given[unet->source[i]] = true;
    }
}

static void
check_unet(ub_json* json, const char* prefix, const ub_network* net, const ub_unet* unet)
{
    if (json->ok && unet->sources > 1 && !unet->controls) {
        json->ok = ub_error(json->err, json->err_size,
                            "%s.sources: a network without a control gives one (%u found)", prefix,
                            unet->sources);
    } else if (json->ok && net->softmax &&
               unet->decoder[unet->decoders - 1].activation.kind != UB_LINEAR) {
        json->ok = ub_error(json->err, json->err_size,
                            "%s.decoder.%u.activation: wrong value (expected linear, as "
                            "\"softmax\" follows)",
                            prefix, unet->decoders - 1);
    }
}

static void
read_unets(ub_json* json, const json_t* root, ub_network* net)
{
    static const char* const keys[] = {"sources", "control", "encoder", "decoder", NULL};
    const json_t* unets = ub_json_array(json, root, "", "networks", 1, UB_MAX_UNETS);
    bool given[UB_NET_SOURCES] = {false};
    net->unets = (uint32_t)json_array_size(unets);
    for (uint32_t i = 0; json->ok && i < net->unets; ++i) {
        ub_unet* unet = &net->unet[i];
        const json_t* value = json_array_get(unets, i);
        char prefix[24];
        snprintf(prefix, sizeof(prefix), "networks.%u", i);
        if (ub_json_object(json, value, prefix, keys)) {
            read_given(json, value, prefix, net, given, unet);
            read_unet(json, value, prefix, net, unet);
            check_unet(json, prefix, net, unet);
        }
    }
    for (uint32_t i = 0; json->ok && i < net->sources; ++i) {
        if (!given[i]) {
            json->ok =
                ub_error(json->err, json->err_size,
                         "sources: no network gives %s (expected one that does)", net->source[i]);
        }
    }
}

static void
read_root(ub_json* json, const json_t* root, ub_network* net)
{
    static const char* const optional[] = {"bands", "level"};
    static const char* const first[] = {"sources", "stft",    "dropped_mask", "input",
                                        "control", "encoder", "decoder",      NULL};
    static const char* const second[] = {"sources",  "stft", "dropped_mask", "input", "mask",
                                         "networks", NULL};
    const char* keys[16] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < sizeof(optional) / sizeof(*optional); ++i) {
        if (json_object_get(root, optional[i])) {
            keys[n++] = optional[i];
        }
    }
    for (const char* const* k = net->version > 1 ? second : first; *k; ++k) {
        keys[n++] = *k;
    }
    if (!ub_json_object(json, root, "", keys)) {
        return;
    }
    read_sources(json, root, net);
    read_stft(json, root, net);
    read_bands(json, root, net);
    read_input(json, root, net);
    read_dropped(json, root, net);
    read_level(json, root, net);
    if (net->version > 1) {
        ub_read_mask(json, root, net);
        read_unets(json, root, net);
    } else {
        read_only_unet(json, root, net);
    }
}

bool
ub_network_parse(ub_network* net, const char* text, size_t size, char* err, size_t err_size)
{
    memset(net, 0, sizeof(*net));
    json_error_t why;
    json_t* root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        return ub_error(err, err_size, "not JSON, line %d: %s", why.line, why.text);
    }
    ub_json json = {err, err_size, true};
    net->version = json_object_get(root, "networks") ? 2 : 1;
    read_root(&json, root, net);
    json_decref(root);
    return json.ok;
}
