// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_TENSORS_H
#define UB_MODEL_NETWORK_TENSORS_H

/**
   @file
   Which tensors a network has: their names, shapes and places in a model.
*/

#include "model/network/model.h"
#include "model/file/safetensors.h"

/** One tensor that a network needs. */
typedef struct {
    char name[64];
    uint32_t shape[4];
    size_t rank;
    const float** place; ///< Where the model points to it
    float min;           ///< Smallest value allowed
} ub_tensor_spec;

/// Values in a tensor
size_t ub_tensor_size(const ub_tensor_spec* spec);

/// Most tensors that a network can have
#define UB_MAX_MODEL_TENSORS (UB_MAX_UNETS * ((2 * UB_MAX_LAYERS + UB_MAX_CONTROL) * 6 + 4))

/// List the tensors of model->net; returns their number
size_t ub_model_tensors(ub_model* model, ub_tensor_spec specs[UB_MAX_MODEL_TENSORS]);

/**
   Read all tensors and point the model to them.

   @return The memory that holds them, to be freed by the caller, or NULL with
   one line in err.
*/
float* ub_read_model_tensors(ub_model* model, const ub_safetensors* file, const char* path,
                             char* err, size_t err_size);

#endif // UB_MODEL_NETWORK_TENSORS_H
