// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_GRAPH_H
#define UB_CUDA_GRAPH_H

/**
   @file
   Descriptors of cuDNN's graph API.  A set owns them, and remembers whether all
   calls have worked: after one that has not, the others do nothing.
*/

#include <cudnn.h>
#include <stdbool.h>
#include <stdint.h>

#define UB_CUDA_DESCRIPTORS 32 ///< In a set

typedef cudnnBackendDescriptor_t ub_cuda_descriptor;

typedef struct {
    bool ok;
    uint32_t n;
    ub_cuda_descriptor list[UB_CUDA_DESCRIPTORS];
} ub_cuda_set;

void ub_cuda_set_clear(ub_cuda_set* set);

/// Begin a descriptor.  NULL, and the set is no longer ok, if that fails.
ub_cuda_descriptor ub_cuda_begin(ub_cuda_set* set, cudnnBackendDescriptorType_t type);

void ub_cuda_put(ub_cuda_set* set, ub_cuda_descriptor to, cudnnBackendAttributeName_t name,
                 cudnnBackendAttributeType_t type, int64_t n, const void* values);

/// Attributes of one value
void ub_cuda_put_integer(ub_cuda_set* set, ub_cuda_descriptor to, cudnnBackendAttributeName_t name,
                         int64_t value);
void ub_cuda_put_part(ub_cuda_set* set, ub_cuda_descriptor to, cudnnBackendAttributeName_t name,
                      ub_cuda_descriptor part);
void ub_cuda_put_type(ub_cuda_set* set, ub_cuda_descriptor to, cudnnBackendAttributeName_t name,
                      cudnnDataType_t type);

/// Complete a descriptor.  Returns it.
ub_cuda_descriptor ub_cuda_end(ub_cuda_set* set, ub_cuda_descriptor descriptor);

/** A tensor, [items][channels][frames][bins]. */
typedef struct {
    int64_t id; ///< By which its address is given, or that no other has
    cudnnDataType_t type;
    int64_t size[4];
    int64_t stride[4]; ///< In values
    bool inner;        ///< Between two operations, in no memory
} ub_cuda_tensor;

ub_cuda_descriptor ub_cuda_put_tensor(ub_cuda_set* set, const ub_cuda_tensor* tensor);

/// y = mode(x, b); b may be NULL.  Returns the operation.
ub_cuda_descriptor ub_cuda_pointwise(ub_cuda_set* set, cudnnPointwiseMode_t mode, double slope,
                                     ub_cuda_descriptor x, ub_cuda_descriptor b,
                                     ub_cuda_descriptor y);

#endif // UB_CUDA_GRAPH_H
