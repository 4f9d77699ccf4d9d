// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/conv.h"

#include <string.h>

static bool
ok(dnnl_status_t status)
{
    return status == dnnl_success;
}

static bool
append_activation(dnnl_post_ops_t ops, const ub_activation* activation)
{
    switch (activation->kind) {
    case UB_RELU:
        return ok(ub_dnn_append_eltwise(ops, dnnl_eltwise_relu, 0.0f));
    case UB_LEAKY_RELU:
        return ok(ub_dnn_append_eltwise(ops, dnnl_eltwise_relu, activation->slope));
    case UB_SIGMOID:
        return ok(ub_dnn_append_eltwise(ops, dnnl_eltwise_logistic, 0.0f));
    case UB_TANH:
        return ok(ub_dnn_append_eltwise(ops, dnnl_eltwise_tanh, 0.0f));
    case UB_LINEAR:
        break;
    }
    return true;
}

/// Attributes: scratch memory is ours, then scale, shift and activation
static bool
make_attributes(dnnl_primitive_attr_t* out, const ub_dnn_shape* shape)
{
    if (!ok(dnnl_primitive_attr_create(out)) ||
        !ok(dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user))) {
        return false;
    }
    if (!shape->activation) {
        return true;
    }
    const dnnl_dims_t sizes = {1, shape->size.filters, 1, 1};
    ub_dnn_desc channels = NULL;
    dnnl_post_ops_t ops = NULL;
    const bool made = ok(dnnl_post_ops_create(&ops)) &&
                      ok(ub_dnn_desc_new(&channels, 4, sizes, dnnl_f32, dnnl_abcd)) &&
                      ok(dnnl_post_ops_append_binary(ops, dnnl_binary_mul, channels)) &&
                      ok(dnnl_post_ops_append_binary(ops, dnnl_binary_add, channels)) &&
                      append_activation(ops, shape->activation) &&
                      ok(dnnl_primitive_attr_set_post_ops(*out, ops));
    ub_dnn_desc_free(channels);
    if (ops) {
        dnnl_post_ops_destroy(ops);
    }
    return made;
}

bool
ub_dnn_conv_describe(ub_dnn_conv* conv, dnnl_engine_t engine, const ub_dnn_shape* shape)
{
    const dnnl_data_type_t type = shape->half ? dnnl_bf16 : dnnl_f32;
    const ub_conv_shape* size = &shape->size;
    const dnnl_dims_t in = {1, size->inputs, size->in_size[0], size->in_size[1]};
    const dnnl_dims_t out = {1, size->filters, size->out_size[0], size->out_size[1]};
    const dnnl_dims_t kernel = {size->filters, size->inputs, size->kernel[0], size->kernel[1]};
    const dnnl_dims_t strides = {size->stride[0], size->stride[1]};
    const dnnl_dims_t before = {size->pad[0][0], size->pad[1][0]};
    const dnnl_dims_t after = {size->pad[0][1], size->pad[1][1]};
    ub_dnn_desc src = NULL;
    ub_dnn_desc weights = NULL;
    ub_dnn_desc dst = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    const bool made =
        ok(ub_dnn_desc_new(&src, 4, in, type, dnnl_nhwc)) &&
        ok(ub_dnn_desc_new(&weights, 4, kernel, type, dnnl_format_tag_any)) &&
        ok(ub_dnn_desc_new(&dst, 4, out, shape->activation ? type : dnnl_f32, dnnl_nhwc)) &&
        make_attributes(&attributes, shape) &&
        ok(ub_dnn_convolution(&conv->desc, engine, src, weights, dst, strides, before, after,
                              attributes));
    ub_dnn_desc_free(src);
    ub_dnn_desc_free(weights);
    ub_dnn_desc_free(dst);
    if (attributes) {
        dnnl_primitive_attr_destroy(attributes);
    }
    return made;
}

static ub_dnn_const_desc
query(const ub_dnn_conv* conv, dnnl_query_t what, int index)
{
    return dnnl_primitive_desc_query_md(conv->desc, what, index);
}

ub_dnn_const_desc
ub_dnn_conv_weights(const ub_dnn_conv* conv)
{
    return query(conv, dnnl_query_weights_md, 0);
}

size_t
ub_dnn_conv_scratch(const ub_dnn_conv* conv)
{
    return dnnl_memory_desc_get_size(query(conv, dnnl_query_scratchpad_md, 0));
}

bool
ub_dnn_conv_build(ub_dnn_conv* conv, dnnl_engine_t engine, dnnl_memory_t weights)
{
    void* const none = DNNL_MEMORY_NONE;
    conv->weights = weights;
    bool made =
        weights && ok(dnnl_primitive_create(&conv->primitive, conv->desc)) &&
        ok(dnnl_memory_create(&conv->src, query(conv, dnnl_query_src_md, 0), engine, none)) &&
        ok(dnnl_memory_create(&conv->dst, query(conv, dnnl_query_dst_md, 0), engine, none)) &&
        ok(dnnl_memory_create(&conv->scratch, query(conv, dnnl_query_scratchpad_md, 0), engine,
                              none));
    const ub_dnn_const_desc channels =
        query(conv, dnnl_query_exec_arg_md, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1);
    if (made && channels && dnnl_memory_desc_get_size(channels)) {
        made = ok(dnnl_memory_create(&conv->scale, channels, engine, none)) &&
               ok(dnnl_memory_create(&conv->shift, channels, engine, none));
    }
    return made;
}

bool
ub_dnn_conv_run(const ub_dnn_conv* conv, dnnl_stream_t stream, const ub_dnn_buffers* b)
{
    bool set = ok(dnnl_memory_set_data_handle(conv->src, (void*)b->src)) &&
               ok(dnnl_memory_set_data_handle(conv->dst, b->dst)) &&
               ok(dnnl_memory_set_data_handle(conv->scratch, b->scratch));
    const dnnl_exec_arg_t args[] = {
        {DNNL_ARG_SRC, conv->src},
        {DNNL_ARG_WEIGHTS, conv->weights},
        {DNNL_ARG_DST, conv->dst},
        {DNNL_ARG_SCRATCHPAD, conv->scratch},
        {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, conv->scale},
        {DNNL_ARG_ATTR_MULTIPLE_POST_OP(1) | DNNL_ARG_SRC_1, conv->shift},
    };
    if (conv->scale) {
        set = set && ok(dnnl_memory_set_data_handle(conv->scale, (void*)b->scale)) &&
              ok(dnnl_memory_set_data_handle(conv->shift, (void*)b->shift));
    }
    return set && ok(dnnl_primitive_execute(conv->primitive, stream, conv->scale ? 6 : 4, args));
}

static void
free_memory(dnnl_memory_t memory)
{
    if (memory) {
        dnnl_memory_destroy(memory);
    }
}

void
ub_dnn_conv_clear(ub_dnn_conv* conv)
{
    free_memory(conv->src);
    free_memory(conv->dst);
    free_memory(conv->scale);
    free_memory(conv->shift);
    free_memory(conv->scratch);
    if (conv->primitive) {
        dnnl_primitive_destroy(conv->primitive);
    }
    if (conv->desc) {
        dnnl_primitive_desc_destroy(conv->desc);
    }
    memset(conv, 0, sizeof(*conv));
}
