// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_FILE_SAFETENSORS_WRITE_H
#define UB_MODEL_FILE_SAFETENSORS_WRITE_H

/**
   @file
   Writer of .safetensors files with tensors of 32-bit floats.

   It writes to an open file; that nobody sees half a file is the caller's part.
*/

#include "model/file/safetensors.h"

#include <jansson.h>

/** A tensor to be. */
typedef struct {
    const char* name;
    uint32_t shape[UB_TENSOR_RANK]; ///< Outermost first
    size_t rank;
} ub_tensor_shape;

/** A file that is being written. */
typedef struct {
    int fd;           ///< The caller's
    const char* name; ///< For messages, the caller's
    uint64_t missing; ///< Values that are still to come
} ub_safetensors_writer;

/**
   Begin a file: write its header.

   @param metadata An object of strings.
   @param tensors Those to come, in order; not needed any more afterwards.
   @return False with one line in err.
*/
bool ub_safetensors_begin(ub_safetensors_writer* writer, int fd, const char* name,
                          const json_t* metadata, const ub_tensor_shape* tensors, size_t count,
                          char* err, size_t err_size);

/// Write the next n values, in the order of the tensors.  False with one line in err.
bool ub_safetensors_write(ub_safetensors_writer* writer, const float* values, size_t n, char* err,
                          size_t err_size);

/// Check that all tensors are there.  False with one line in err.
bool ub_safetensors_end(const ub_safetensors_writer* writer, char* err, size_t err_size);

#endif // UB_MODEL_FILE_SAFETENSORS_WRITE_H
