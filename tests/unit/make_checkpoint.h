// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TEST_MAKE_CHECKPOINT_H
#define UB_TEST_MAKE_CHECKPOINT_H

/**
   @file
   TensorFlow checkpoints of any tensors, right or wrong, for tests.
*/

#include "model/import/bytes.h"

#define UB_TEST_CHECKPOINT_TENSORS 512

/** Bytes that grow. */
typedef struct {
    uint8_t* bytes;
    size_t size;
    size_t room;
} ub_test_buffer;

/** A tensor, and what is said of it. */
typedef struct {
    char name[64];
    uint64_t type; ///< 1 for 32-bit floats
    uint64_t shape[9];
    size_t rank;
    uint64_t shard;
    bool sliced;
    bool wrong_crc;
    uint64_t extra_size; ///< Told, but not there
    size_t count;        ///< Values
    float* values;
} ub_test_tensor;

/** What a checkpoint is made of: tensors in order of names, if it is to be right. */
typedef struct {
    ub_test_tensor tensor[UB_TEST_CHECKPOINT_TENSORS];
    size_t count;
    uint64_t shards;  ///< 1 in ub_test_spleeter's
    uint64_t endian;  ///< 0 little
    bool no_header;   ///< Leave the header out
    uint8_t compress; ///< What blocks say of their compression
} ub_test_checkpoint;

/// Filters of the six layers down in the small networks that follow
extern const uint32_t ub_test_spleeter_filters[6];

/// A checkpoint as Spleeter's, with small networks.  To be freed.
ub_test_checkpoint* ub_test_spleeter(unsigned networks, uint64_t seed);

/// Add a tensor of random values at the end
ub_test_tensor* ub_test_add_tensor(ub_test_checkpoint* checkpoint, const char* name,
                                   const uint32_t* shape, size_t rank, uint64_t seed);

/// The tensor of a name, which must be there
ub_test_tensor* ub_test_tensor_of(ub_test_checkpoint* checkpoint, const char* name);

void ub_test_checkpoint_free(ub_test_checkpoint* checkpoint);

/// Write the two files to memory, tensors in the order they are in.  Both to be freed by the
/// caller.
void ub_test_write_checkpoint(ub_test_checkpoint* checkpoint, ub_test_buffer* index,
                              ub_test_buffer* data);

/// Put bytes at the end
void ub_test_put(ub_test_buffer* buffer, const void* bytes, size_t size);

/// Write bytes to a file, which must succeed
void ub_test_save(const char* path, const void* bytes, size_t size);

#endif // UB_TEST_MAKE_CHECKPOINT_H
