// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_IMPORT_SPLEETER_H
#define UB_MODEL_IMPORT_SPLEETER_H

/**
   @file
   What a checkpoint of Spleeter's holds and what becomes of it.

   One U-Net after the other (spleeter/model/functions/unet.py): six layers down,
   six up, and a last convolution.  Kernels are stored as
   [frames][bins][inputs][outputs], those of the way up with outputs before
   inputs, and ours the other way round.
*/

#include "model/file/safetensors.h"
#include "model/import/checkpoint.h"
#include "model/import/import.h"

#include <jansson.h>

#define UB_SPLEETER_LAYERS   6U
#define UB_SPLEETER_NETWORKS 5U ///< Most

/** What is known of a checkpoint. */
typedef struct {
    const char* name;  ///< As "spleeter-2stems"
    const char* title; ///< For people
    unsigned networks;
    const char* source[UB_SPLEETER_NETWORKS];
    bool elu;                             ///< In all layers; else leaky ReLU down and ReLU up
    bool softmax;                         ///< Over the networks, in the place of a sigmoid
    uint32_t filters[UB_SPLEETER_LAYERS]; ///< Of the layers down
} ub_spleeter;

/** A tensor of the file and what it is made of. */
typedef struct {
    char name[48];
    char from[48];     ///< In the checkpoint
    uint32_t shape[4]; ///< Outermost first
    size_t rank;       ///< 1, or 4: [3][2][0][1] of what it is made of
    bool swap;         ///< The halves of what is its first size here: inputs, upper layer first
    float least;       ///< Allowed value
} ub_spleeter_tensor;

/// Most tensors of a file
#define UB_SPLEETER_TENSORS (UB_SPLEETER_NETWORKS * 70U)

/// Recognise a checkpoint.  False with one line in err that says what it has of another kind.
bool ub_spleeter_recognise(const ub_checkpoint* checkpoint, ub_spleeter* spleeter, char* err,
                           size_t err_size);

/// List the tensors of the file; returns their number
size_t ub_spleeter_tensors(const ub_spleeter* spleeter,
                           ub_spleeter_tensor tensors[UB_SPLEETER_TENSORS]);

/// The network description of the file (model/network/FORMAT.md).  NULL without memory.
json_t* ub_spleeter_network(const ub_spleeter* spleeter, const ub_import_options* options);

/// The card of the file.  NULL without memory.  `published`: the weights are known to be Deezer's.
json_t* ub_spleeter_card(const ub_spleeter* spleeter, bool published);

#endif // UB_MODEL_IMPORT_SPLEETER_H
