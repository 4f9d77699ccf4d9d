// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/network.h"

#include "model/file/error.h"
#include "model/file/json.h"
#include "model/network/layers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_UNITS 16384U

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
    static const char* const nearest[] = {"nearest", NULL};
    net->dropped_mask = NAN;
    if (json_is_number(json_object_get(root, "dropped_mask"))) {
        net->dropped_mask = (float)ub_json_number(json, root, "", "dropped_mask", 0.0, 1.0);
    } else {
        ub_json_word(json, root, "", "dropped_mask", nearest);
    }
}

static void
read_control_layer(ub_json* json, const json_t* value, const char* where, bool conv,
                   ub_control_layer* layer)
{
    static const char* const dense_keys[] = {"units", "activation", "norm", NULL};
    static const char* const conv_keys[] = {"units", "kernel", "pad", "activation", "norm", NULL};
    if (!ub_json_object(json, value, where, conv ? conv_keys : dense_keys)) {
        return;
    }
    layer->units = ub_json_uint(json, value, where, "units", 1, MAX_UNITS);
    layer->kernel = 1;
    if (conv) {
        const uint32_t most = UB_NET_SOURCES;
        layer->kernel = ub_json_uint(json, value, where, "kernel", 1, most);
        ub_json_pair(json, value, where, "pad", layer->pad, 0, most);
    }
    ub_read_activation(json, value, where, &layer->activation);
    layer->norm = ub_read_norm(json, value, where, &layer->eps);
    const uint32_t padded = layer->in_length + layer->pad[0] + layer->pad[1];
    if (json->ok && (padded < layer->kernel || padded - layer->kernel >= UB_NET_SOURCES)) {
        json->ok =
            ub_error(json->err, json->err_size,
                     "%s.kernel: %u on %u positions (expected 1 to %u positions to come out)",
                     where, layer->kernel, padded, UB_NET_SOURCES);
    }
    layer->out_length = padded - layer->kernel + 1;
}

static void
read_control(ub_json* json, const json_t* root, ub_unet* unet)
{
    static const char* const keys[] = {"kind", "layers", NULL};
    static const char* const kinds[] = {"dense", "conv", NULL};
    const json_t* control = json_object_get(root, "control");
    if (json_is_null(control) || !ub_json_object(json, control, "control", keys)) {
        return;
    }
    unet->conv_control = ub_json_word(json, control, "control", "kind", kinds) == 1;
    const json_t* layers = ub_json_array(json, control, "control", "layers", 1, UB_MAX_CONTROL);
    unet->controls = (uint32_t)json_array_size(layers);
    uint32_t inputs = unet->conv_control ? 1 : unet->sources;
    uint32_t length = unet->conv_control ? unet->sources : 1;
    for (uint32_t i = 0; json->ok && i < unet->controls; ++i) {
        ub_control_layer* layer = &unet->control[i];
        char where[32];
        snprintf(where, sizeof(where), "control.%u", i);
        layer->inputs = inputs;
        layer->in_length = length;
        read_control_layer(json, json_array_get(layers, i), where, unet->conv_control, layer);
        inputs = layer->units;
        length = layer->out_length;
    }
    if (json->ok && length != 1) {
        json->ok = ub_error(json->err, json->err_size,
                            "control: %u positions come out (expected 1)", length);
    }
}

static void
check_film(ub_json* json, const ub_unet* unet)
{
    if (json->ok && !unet->controls != !unet->pairs) {
        json->ok =
            ub_error(json->err, json->err_size,
                     unet->pairs ? "control: wrong value (expected layers, as \"film\" is used)"
                                 : "control: wrong value (expected null, as no layer uses "
                                   "\"film\")");
    }
}

/// One U-Net, whose sources are known
static void
read_unet(ub_json* json, const json_t* value, const ub_network* net, ub_unet* unet)
{
    read_control(json, value, unet);
    ub_read_layers(json, value, net, unet);
    check_film(json, unet);
}

/// The only U-Net of a model, which gives all sources
static void
read_one(ub_json* json, const json_t* root, ub_network* net)
{
    net->unets = 1;
    net->unet[0].sources = net->sources;
    for (uint32_t i = 0; i < net->sources; ++i) {
        net->unet[0].source[i] = i;
    }
    read_unet(json, root, net, &net->unet[0]);
}

bool
ub_network_parse(ub_network* net, const char* text, size_t size, char* err, size_t err_size)
{
    static const char* const keys[] = {
        "bands", "sources", "stft", "dropped_mask", "input", "control", "encoder", "decoder", NULL};
    memset(net, 0, sizeof(*net));
    net->version = 1;
    json_error_t why;
    json_t* root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        return ub_error(err, err_size, "not JSON, line %d: %s", why.line, why.text);
    }
    ub_json json = {err, err_size, true};
    const bool banded = json_object_get(root, keys[0]); // the only key that may be left out
    if (ub_json_object(&json, root, "", banded ? keys : keys + 1)) {
        read_sources(&json, root, net);
        read_stft(&json, root, net);
        read_bands(&json, root, net);
        read_input(&json, root, net);
        read_one(&json, root, net);
    }
    json_decref(root);
    return json.ok;
}
