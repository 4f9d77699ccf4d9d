// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/graph.h"

#define ALIGNMENT 16 // bytes, of UB_CUDA_LANES values of 16 bits

void
ub_cuda_set_clear(ub_cuda_set* set)
{
    while (set->n) {
        cudnnBackendDestroyDescriptor(set->list[--set->n]);
    }
}

ub_cuda_descriptor
ub_cuda_begin(ub_cuda_set* set, cudnnBackendDescriptorType_t type)
{
    ub_cuda_descriptor made = NULL;
    set->ok = set->ok && set->n < UB_CUDA_DESCRIPTORS &&
              cudnnBackendCreateDescriptor(type, &made) == CUDNN_STATUS_SUCCESS;
    if (set->ok) {
        set->list[set->n++] = made;
    }
    return made;
}

void
ub_cuda_put(ub_cuda_set* set, ub_cuda_descriptor to, cudnnBackendAttributeName_t name,
            cudnnBackendAttributeType_t type, int64_t n, const void* values)
{
    set->ok =
        set->ok && cudnnBackendSetAttribute(to, name, type, n, values) == CUDNN_STATUS_SUCCESS;
}

void
ub_cuda_put_integer(ub_cuda_set* set, ub_cuda_descriptor to, cudnnBackendAttributeName_t name,
                    int64_t value)
{
    ub_cuda_put(set, to, name, CUDNN_TYPE_INT64, 1, &value);
}

void
ub_cuda_put_part(ub_cuda_set* set, ub_cuda_descriptor to, cudnnBackendAttributeName_t name,
                 ub_cuda_descriptor part)
{
    ub_cuda_put(set, to, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, (const void*)&part);
}

void
ub_cuda_put_type(ub_cuda_set* set, ub_cuda_descriptor to, cudnnBackendAttributeName_t name,
                 cudnnDataType_t type)
{
    ub_cuda_put(set, to, name, CUDNN_TYPE_DATA_TYPE, 1, &type);
}

ub_cuda_descriptor
ub_cuda_end(ub_cuda_set* set, ub_cuda_descriptor descriptor)
{
    set->ok = set->ok && cudnnBackendFinalize(descriptor) == CUDNN_STATUS_SUCCESS;
    return descriptor;
}

ub_cuda_descriptor
ub_cuda_put_tensor(ub_cuda_set* set, const ub_cuda_tensor* t)
{
    ub_cuda_descriptor d = ub_cuda_begin(set, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    ub_cuda_put_integer(set, d, CUDNN_ATTR_TENSOR_UNIQUE_ID, t->id);
    ub_cuda_put_integer(set, d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT);
    ub_cuda_put_type(set, d, CUDNN_ATTR_TENSOR_DATA_TYPE, t->type);
    ub_cuda_put(set, d, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, t->size);
    ub_cuda_put(set, d, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, t->stride);
    ub_cuda_put(set, d, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &t->inner);
    return ub_cuda_end(set, d);
}

ub_cuda_descriptor
ub_cuda_pointwise(ub_cuda_set* set, cudnnPointwiseMode_t mode, double slope, ub_cuda_descriptor x,
                  ub_cuda_descriptor b, ub_cuda_descriptor y)
{
    ub_cuda_descriptor d = ub_cuda_begin(set, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    ub_cuda_put(set, d, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    ub_cuda_put_type(set, d, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
    if (mode == CUDNN_POINTWISE_RELU_FWD) {
        ub_cuda_put(set, d, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, CUDNN_TYPE_DOUBLE, 1,
                    &slope);
    }
    ub_cuda_end(set, d);
    ub_cuda_descriptor op = ub_cuda_begin(set, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    ub_cuda_put_part(set, op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, d);
    ub_cuda_put_part(set, op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (b) {
        ub_cuda_put_part(set, op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b);
    }
    ub_cuda_put_part(set, op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    return ub_cuda_end(set, op);
}
