// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_NETWORK_MODEL_H
#define UB_MODEL_NETWORK_MODEL_H

/**
   @file
   A loaded weights file: its network description and its tensors as float.

   Immutable once open and reference counted; a file that is open already is
   shared.  All functions may be called from any thread except a real-time one.
*/

#include "model/network/steps.h"

/** Tensors of one U-Net. */
typedef struct {
    ub_tensors encoder[UB_MAX_LAYERS];
    ub_tensors decoder[UB_MAX_LAYERS];
    ub_tensors control[UB_MAX_CONTROL];
    ub_tensors gamma; ///< weight [pairs][units of last control layer], bias [pairs]
    ub_tensors beta;  ///< Likewise
} ub_unet_tensors;

typedef struct {
    ub_network net;
    ub_steps steps[UB_MAX_UNETS];       ///< [net.unets]
    ub_unet_tensors unet[UB_MAX_UNETS]; ///< [net.unets]
    const char* path;                   ///< File it came from
    const char* card;                   ///< JSON text, or ""
} ub_model;

/**
   Open a weights file.  A file that is open already (same device, inode, size
   and time of change) is not read again.

   @return NULL on failure, with one line in err that names file and tensor.
*/
const ub_model* ub_model_open(const char* path, char* err, size_t err_size);

/// Another reference to the same model
const ub_model* ub_model_ref(const ub_model* model);

/// Drop a reference; the last one frees the model
void ub_model_unref(const ub_model* model);

/**
   All layers' convolution bias, batch normalisation and FiLM for one condition
   vector, folded to a scale and shift per channel, or two (see ub_step_out).
*/
typedef struct {
    uint32_t unet;   ///< The U-Net that it is for
    float* numbers;  ///< [its steps' numbers]
    double* scratch; ///< For the condition generator
} ub_folded;

/// Allocate room for a folded condition, to be filled by ub_fold.  NULL: no memory.
ub_folded* ub_folded_new(const ub_model* model);
void ub_folded_free(ub_folded* folded);

/// Run the condition generator of a U-Net and fold.  Allocates nothing.
/// @param condition One number per source of the model; those of its own sources count.
void ub_fold(const ub_model* model, uint32_t unet, const float* condition, ub_folded* folded);

/// An activation's value
double ub_activate(const ub_activation* activation, double x);

#endif // UB_MODEL_NETWORK_MODEL_H
