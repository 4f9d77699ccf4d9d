// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_IMPORT_CHECKPOINT_H
#define UB_MODEL_IMPORT_CHECKPOINT_H

/**
   @file
   The tensors of a TensorFlow checkpoint (format "V2": tensor_bundle.proto).

   The index is a table of messages by name: the empty name says how the data
   are stored, each other what a tensor is and where it lies in the data.
*/

#include "model/file/safetensors.h"
#include "model/import/bytes.h"

/** A tensor; only those of 32-bit floats can be read. */
typedef struct {
    char* name;
    uint64_t type; ///< TensorFlow's number: 1 for 32-bit floats
    size_t rank;
    uint64_t shape[UB_TENSOR_RANK];
    ub_bytes bytes; ///< Its part of the data
    uint32_t crc;   ///< Of these
    bool odd;       ///< In a form that is not read: in slices or of unknown rank
} ub_checkpoint_tensor;

typedef struct {
    char* name;    ///< Of whatever holds it, for messages
    ub_bytes data; ///< The caller's
    ub_checkpoint_tensor* tensors;
    size_t count; ///< In order of names
} ub_checkpoint;

/**
   Read an index.

   @param name For messages: whose checkpoint it is.
   @param data To be kept by the caller as long as the checkpoint.
   @return False with one line in err.  To be freed in either case.
*/
bool ub_checkpoint_read(ub_checkpoint* checkpoint, const char* name, ub_bytes index, ub_bytes data,
                        char* err, size_t err_size);

void ub_checkpoint_free(ub_checkpoint* checkpoint);

/// The tensor of a name, or NULL
const ub_checkpoint_tensor* ub_checkpoint_find(const ub_checkpoint* checkpoint, const char* name);

/**
   Read a tensor, in the order it is stored in, outermost first.

   @param shape What it must be.
   @param out Where to, or NULL to check type and shape only.
   @return False with one line in err if it is missing, has another type or
   shape, is damaged, or holds a value that is not finite.
*/
bool ub_checkpoint_values(const ub_checkpoint* checkpoint, const char* name, const uint32_t* shape,
                          size_t rank, float* out, char* err, size_t err_size);

#endif // UB_MODEL_IMPORT_CHECKPOINT_H
