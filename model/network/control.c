// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/layers.h"

#include "model/file/error.h"

#include <stdio.h>

#define MAX_UNITS 16384U

static void
read_control_layer(ub_json* json, const json_t* value, const char* where, uint32_t version,
                   bool conv, ub_control_layer* layer)
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
    ub_read_activation(json, value, where, version, &layer->activation);
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

void
ub_read_control(ub_json* json, const json_t* root, const char* prefix, uint32_t version,
                ub_unet* unet)
{
    static const char* const keys[] = {"kind", "layers", NULL};
    static const char* const kinds[] = {"dense", "conv", NULL};
    const json_t* control = json_object_get(root, "control");
    char where[UB_WHERE_SIZE];
    snprintf(where, sizeof(where), "%s%scontrol", prefix, *prefix ? "." : "");
    if (json_is_null(control) || !ub_json_object(json, control, where, keys)) {
        return;
    }
    unet->conv_control = ub_json_word(json, control, where, "kind", kinds) == 1;
    const json_t* layers = ub_json_array(json, control, where, "layers", 1, UB_MAX_CONTROL);
    unet->controls = (uint32_t)json_array_size(layers);
    uint32_t inputs = unet->conv_control ? 1 : unet->sources;
    uint32_t length = unet->conv_control ? unet->sources : 1;
    for (uint32_t i = 0; json->ok && i < unet->controls; ++i) {
        ub_control_layer* layer = &unet->control[i];
        ub_name_layer(where, prefix, "control", i);
        layer->inputs = inputs;
        layer->in_length = length;
        read_control_layer(json, json_array_get(layers, i), where, version, unet->conv_control,
                           layer);
        inputs = layer->units;
        length = layer->out_length;
    }
    if (json->ok && length != 1) {
        json->ok =
            ub_error(json->err, json->err_size, "%s%scontrol: %u positions come out (expected 1)",
                     prefix, *prefix ? "." : "", length);
    }
}
