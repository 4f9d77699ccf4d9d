// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_FILE_SAFETENSORS_H
#define UB_MODEL_FILE_SAFETENSORS_H

/**
   @file
   Reader of .safetensors files (https://github.com/huggingface/safetensors):
   8 bytes of header size, little endian; a JSON header that gives every
   tensor's type, shape and place; the tensors' bytes.

   Nothing in the file is trusted.  The whole header is checked on opening: the
   tensors must fill the rest of the file exactly, without overlap.  The file is
   read, not mapped, as one that shrinks under a map would kill the process.
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define UB_TENSOR_RANK 8

typedef struct ub_safetensors_s ub_safetensors;

/// Open a file and check its header.  NULL on failure, with one line in err.
ub_safetensors* ub_safetensors_open(const char* path, char* err, size_t err_size);

void ub_safetensors_close(ub_safetensors* file);

/// What the file was when it was opened
const struct stat* ub_safetensors_stat(const ub_safetensors* file);

/// A string of the metadata, or NULL
const char* ub_safetensors_metadata(const ub_safetensors* file, const char* key);

size_t ub_safetensors_count(const ub_safetensors* file);

/// Name of a tensor, in order of its place in the file
const char* ub_safetensors_name(const ub_safetensors* file, size_t index);

/**
   Read a tensor of type F32, F16 or BF16 as float.

   @param shape What it must be, outermost first.
   @param out Where to, or NULL to check type and shape only.
   @return False with one line in err if it is missing, has another type or
   shape, or holds a value that is not finite.
*/
bool ub_safetensors_read(const ub_safetensors* file, const char* name, const uint32_t* shape,
                         size_t rank, float* out, char* err, size_t err_size);

#endif // UB_MODEL_FILE_SAFETENSORS_H
