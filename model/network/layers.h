// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_LAYERS_H
#define UB_MODEL_NETWORK_LAYERS_H

/**
   @file
   Parts of ub_network_parse(): the layers of the description.
*/

#include "model/file/json.h"
#include "model/network/network.h"

/// Read "activation" of a layer
void ub_read_activation(ub_json* json, const json_t* layer, const char* where, ub_activation* out);

/// Read "norm" of a layer: false for null
bool ub_read_norm(ub_json* json, const json_t* layer, const char* where, float* eps);

/// Read "encoder" and "decoder" and chain their sizes
void ub_read_layers(ub_json* json, const json_t* root, const ub_network* net, ub_unet* unet);

#endif // UB_MODEL_NETWORK_LAYERS_H
