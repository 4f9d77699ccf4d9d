// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_BUFFERS_H
#define UB_CUDA_BUFFERS_H

/**
   @file
   A queue's memory, on the device and pinned on the host, for its largest batch.
*/

#include "model/cuda/abi.h"
#include "model/cuda/kernels.h"

#include <stdbool.h>

/** Memory that both sides of a transfer need. */
typedef struct {
    void* host; ///< Pinned
    void* device;
} ub_cuda_mirror;

typedef struct {
    uint32_t items;       ///< That there is room for
    size_t raw_size;      ///< Values of one item
    size_t mask_size;     ///< Likewise
    ub_cuda_mirror input; ///< [slots][channels][frames][bins]
    ub_cuda_mirror table; ///< Each item's input, [UB_CUDA_BATCH], then [items][program.finish]
    ub_cuda_mirror mask;  ///< [items][channels][count][bins]
    ub_cuda_image_list images;
    void* raw;
} ub_cuda_buffers;

/// Values of an item's input
size_t ub_cuda_input_size(const ub_cuda_program* program);

/// Values of an item's mask
size_t ub_cuda_mask_size(const ub_cuda_program* program);

/// Bytes of the table for n items
size_t ub_cuda_table_size(const ub_cuda_program* program, uint32_t n);

/// The scales and shifts in a table
static inline float*
ub_cuda_table_finish(void* table)
{
    return (float*)table + UB_CUDA_BATCH;
}

/// Whether there is room for n items of a program
bool ub_cuda_buffers_fit(const ub_cuda_buffers* buffers, const ub_cuda_program* program,
                         uint32_t n);

/// Make room for n items of a program as well as for all before.  All addresses change.  The
/// programs of one set of buffers are one network's, whose images are alike.  Images are
/// cleared on the stream.
bool ub_cuda_buffers_grow(ub_cuda_buffers* buffers, const ub_cuda_program* program, uint32_t n,
                          ub_cuda_precision precision, cudaStream_t stream, char* err);

void ub_cuda_buffers_clear(ub_cuda_buffers* buffers);

#endif // UB_CUDA_BUFFERS_H
