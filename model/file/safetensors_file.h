// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_FILE_SAFETENSORS_FILE_H
#define UB_MODEL_FILE_SAFETENSORS_FILE_H

/**
   @file
   Inside an open .safetensors file, for the reader's own two sources.
*/

#include "model/file/safetensors.h"

#include <jansson.h>

typedef enum { UB_F32, UB_F16, UB_BF16, UB_OTHER_TYPE } ub_dtype;

typedef struct {
    const char* name; ///< Owned by the header
    ub_dtype type;
    const char* type_name;
    size_t rank;
    uint64_t shape[UB_TENSOR_RANK];
    uint64_t begin; ///< bytes from the end of the header
    uint64_t end;
} ub_tensor_entry;

struct ub_safetensors_s {
    char* path;
    int fd;
    struct stat stat;
    json_t* header;
    uint64_t data; ///< Offset of the tensors in the file, bytes
    ub_tensor_entry* tensors;
    size_t count;
};

/// Read `size` bytes at an offset of the file; false if they are not there
bool ub_safetensors_read_at(const ub_safetensors* file, void* buffer, size_t size, uint64_t offset);

#endif // UB_MODEL_FILE_SAFETENSORS_FILE_H
