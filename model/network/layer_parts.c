// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/layers.h"

#include <stdio.h>

void
ub_name_layer(char where[UB_WHERE_SIZE], const char* prefix, const char* part, uint32_t number)
{
    snprintf(where, UB_WHERE_SIZE, "%s%s%s.%u", prefix, *prefix ? "." : "", part, number);
}

void
ub_read_activation(ub_json* json, const json_t* layer, const char* where, uint32_t version,
                   ub_activation* out)
{
    static const char* const first[] = {"linear", "relu", "leaky_relu", "sigmoid", "tanh", NULL};
    static const char* const second[] = {"linear", "relu", "leaky_relu", "sigmoid",
                                         "tanh",   "elu",  NULL};
    static const char* const plain_keys[] = {"kind", NULL};
    static const char* const leaky_keys[] = {"kind", "slope", NULL};
    const json_t* value = json_object_get(layer, "activation");
    char inner[UB_WHERE_SIZE];
    snprintf(inner, sizeof(inner), "%.40s.activation", where);
    out->kind =
        (ub_activation_kind)ub_json_word(json, value, inner, "kind", version > 1 ? second : first);
    const bool leaky = out->kind == UB_LEAKY_RELU;
    if (ub_json_object(json, value, inner, leaky ? leaky_keys : plain_keys) && leaky) {
        out->slope = (float)ub_json_number(json, value, inner, "slope", 0.0, 1.0);
    }
}

bool
ub_read_norm(ub_json* json, const json_t* layer, const char* where, float* eps)
{
    static const char* const keys[] = {"eps", NULL};
    const json_t* value = json_object_get(layer, "norm");
    if (json_is_null(value)) {
        return false;
    }
    char inner[UB_WHERE_SIZE];
    snprintf(inner, sizeof(inner), "%.40s.norm", where);
    if (ub_json_object(json, value, inner, keys)) {
        *eps = (float)ub_json_number(json, value, inner, "eps", 1e-12, 1.0);
    }
    return true;
}
