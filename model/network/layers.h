// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_LAYERS_H
#define UB_MODEL_NETWORK_LAYERS_H

/**
   @file
   Parts of ub_network_parse(): the layers of a U-Net and of its control, and "mask".
*/

#include "model/file/json.h"
#include "model/network/network.h"

#define UB_WHERE_SIZE 64 ///< Name of an object in messages

/// Name a layer of the U-Net that is called `prefix`, "" for the only one
void ub_name_layer(char where[UB_WHERE_SIZE], const char* prefix, const char* part,
                   uint32_t number);

/// Read "activation" of a layer
void ub_read_activation(ub_json* json, const json_t* layer, const char* where, uint32_t version,
                        ub_activation* out);

/// Read "norm" of a layer: false for null
bool ub_read_norm(ub_json* json, const json_t* layer, const char* where, float* eps);

/// Read "encoder" and "decoder" and chain their sizes
/// @param prefix The U-Net's name in messages
void ub_read_layers(ub_json* json, const json_t* root, const char* prefix, const ub_network* net,
                    ub_unet* unet);

/// Read "control"
void ub_read_control(ub_json* json, const json_t* root, const char* prefix, uint32_t version,
                     ub_unet* unet);

/// Which of the model's sources has a name, or their number if none has
uint32_t ub_find_source(const ub_network* net, const char* name);

/// Read "mask" of a model whose sources are known
void ub_read_mask(ub_json* json, const json_t* root, ub_network* net);

#endif // UB_MODEL_NETWORK_LAYERS_H
