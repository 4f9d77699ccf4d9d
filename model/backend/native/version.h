// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_VERSION_H
#define UB_MODEL_BACKEND_NATIVE_VERSION_H

/**
   @file
   What differs between the interfaces of oneDNN 2.x and 3.x.

   Descriptors are owned pointers here in both.
*/

#include <dnnl.h>
#include <stdlib.h>

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t ub_dnn_desc;
typedef const_dnnl_memory_desc_t ub_dnn_const_desc;

static inline dnnl_status_t
ub_dnn_desc_new(ub_dnn_desc* out, int rank, const dnnl_dims_t sizes, dnnl_data_type_t type,
                dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(out, rank, sizes, type, tag);
}

static inline void
ub_dnn_desc_free(ub_dnn_desc desc)
{
    if (desc) {
        dnnl_memory_desc_destroy(desc);
    }
}

static inline dnnl_status_t
ub_dnn_append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha)
{
    return dnnl_post_ops_append_eltwise(ops, kind, alpha, 0.0f);
}

static inline dnnl_status_t
ub_dnn_convolution(dnnl_primitive_desc_t* out, dnnl_engine_t engine, ub_dnn_const_desc src,
                   ub_dnn_const_desc weights, ub_dnn_const_desc dst, const dnnl_dims_t strides,
                   const dnnl_dims_t before, const dnnl_dims_t after,
                   const_dnnl_primitive_attr_t attr)
{
    const dnnl_dims_t dilates = {0, 0};
    return dnnl_convolution_forward_primitive_desc_create(
        out, engine, dnnl_forward_inference, dnnl_convolution_direct, src, weights, NULL, dst,
        strides, dilates, before, after, attr);
}

#else

typedef dnnl_memory_desc_t* ub_dnn_desc;
typedef const dnnl_memory_desc_t* ub_dnn_const_desc;

static inline dnnl_status_t
ub_dnn_desc_new(ub_dnn_desc* out, int rank, const dnnl_dims_t sizes, dnnl_data_type_t type,
                dnnl_format_tag_t tag)
{
    *out = (dnnl_memory_desc_t*)calloc(1, sizeof(dnnl_memory_desc_t));
    return *out ? dnnl_memory_desc_init_by_tag(*out, rank, sizes, type, tag) : dnnl_out_of_memory;
}

static inline void
ub_dnn_desc_free(ub_dnn_desc desc)
{
    free(desc);
}

static inline dnnl_status_t
ub_dnn_append_eltwise(dnnl_post_ops_t ops, dnnl_alg_kind_t kind, float alpha)
{
    return dnnl_post_ops_append_eltwise(ops, 1.0f, kind, alpha, 0.0f);
}

static inline dnnl_status_t
ub_dnn_convolution(dnnl_primitive_desc_t* out, dnnl_engine_t engine, ub_dnn_const_desc src,
                   ub_dnn_const_desc weights, ub_dnn_const_desc dst, const dnnl_dims_t strides,
                   const dnnl_dims_t before, const dnnl_dims_t after,
                   const_dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t desc;
    const dnnl_status_t status =
        dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct,
                                           src, weights, NULL, dst, strides, before, after);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL)
                                  : status;
}

#endif

#endif // UB_MODEL_BACKEND_NATIVE_VERSION_H
