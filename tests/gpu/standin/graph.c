// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* cuDNN's graph API, for a convolution and what follows it */

#include "tests/gpu/standin/standin.h"

#include <stdlib.h>
#include <string.h>

#define ATTRIBUTES 16
#define LONGEST    8 // values

typedef struct {
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t n;
    char values[LONGEST * 8];
} attribute;

struct standin_descriptor {
    cudnnBackendDescriptorType_t type;
    bool final;
    int n;
    attribute list[ATTRIBUTES];
    cudnnBackendDescriptor_t graph; ///< Of an engine
};

static size_t
size_of(cudnnBackendAttributeType_t type)
{
    switch (type) {
    case CUDNN_TYPE_INT64:
        return sizeof(int64_t);
    case CUDNN_TYPE_DOUBLE:
        return sizeof(double);
    case CUDNN_TYPE_BOOLEAN:
        return sizeof(bool);
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return sizeof(void*);
    default:
        return sizeof(int);
    }
}

cudnnStatus_t
cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                             cudnnBackendDescriptor_t* descriptor)
{
    if (standin_call("cudnnBackendCreateDescriptor", STANDIN_PLAIN)) {
        return CUDNN_STATUS_EXECUTION_FAILED;
    }
    *descriptor = (cudnnBackendDescriptor_t)calloc(1, sizeof(struct standin_descriptor));
    (*descriptor)->type = type;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor)
{
    free(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                         cudnnBackendAttributeType_t type, int64_t n, const void* values)
{
    if (standin_call("cudnnBackendSetAttribute", STANDIN_PLAIN) || descriptor->final ||
        n > LONGEST || descriptor->n == ATTRIBUTES) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    attribute* a = &descriptor->list[descriptor->n++];
    *a = (attribute){.name = name, .type = type, .n = n};
    memcpy(a->values, values, (size_t)n * size_of(type));
    return CUDNN_STATUS_SUCCESS;
}

/// Copy up to `most` values of an attribute.  Returns how many it has, 0 without it.
static int64_t
get(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name, void* to, int64_t most)
{
    for (int i = 0; i < d->n; ++i) {
        const attribute* a = &d->list[i];
        if (a->name == name) {
            memcpy(to, a->values, (size_t)(a->n < most ? a->n : most) * size_of(a->type));
            return a->n;
        }
    }
    return 0;
}

static cudnnBackendDescriptor_t
part(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name)
{
    cudnnBackendDescriptor_t found = NULL;
    get(d, name, (void*)&found, 1);
    return found;
}

static standin_shape
shape_of(cudnnBackendDescriptor_t tensor)
{
    standin_shape s = {CUDNN_DATA_FLOAT, {0}, {0}};
    get(tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, &s.type, 1);
    get(tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, s.size, 4);
    get(tensor, CUDNN_ATTR_TENSOR_STRIDES, s.stride, 4);
    return s;
}

/// Whether the sizes of a forward convolution agree
static bool
check_forward(cudnnBackendDescriptor_t op)
{
    cudnnBackendDescriptor_t conv = part(op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
    const standin_shape x = shape_of(part(op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X));
    const standin_shape w = shape_of(part(op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W));
    const standin_shape y = shape_of(part(op, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y));
    int64_t before[2] = {0};
    int64_t after[2] = {0};
    int64_t stride[2] = {1, 1};
    get(conv, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, before, 2);
    get(conv, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, after, 2);
    get(conv, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, stride, 2);
    bool good = x.size[0] == y.size[0] && x.size[1] == w.size[1] && y.size[1] == w.size[0];
    for (int axis = 0; axis < 2; ++axis) {
        const int64_t room = x.size[2 + axis] + before[axis] + after[axis] - w.size[2 + axis];
        good = good && room >= 0 && room / stride[axis] + 1 == y.size[2 + axis];
    }
    return good;
}

cudnnStatus_t
cudnnBackendFinalize(cudnnBackendDescriptor_t d)
{
    const bool good =
        d->type != CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR || check_forward(d);
    if (standin_call("cudnnBackendFinalize", STANDIN_PLAIN) || d->final || !good) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    d->final = true;
    return CUDNN_STATUS_SUCCESS;
}

static int64_t
engines(void)
{
    const char* asked = getenv("UNBRAID_STANDIN_ENGINES");
    return asked ? atoi(asked) : 1;
}

cudnnStatus_t
cudnnBackendGetAttribute(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name,
                         cudnnBackendAttributeType_t type, int64_t wanted, int64_t* n, void* values)
{
    (void)type;
    if (standin_call("cudnnBackendGetAttribute", STANDIN_PLAIN) || !d->final) {
        return CUDNN_STATUS_BAD_PARAM;
    }
    *n = name == CUDNN_ATTR_ENGINEHEUR_RESULTS ? engines() : 1;
    for (int64_t i = 0; i < *n && i < wanted; ++i) {
        if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
            cudnnBackendDescriptor_t engine = ((cudnnBackendDescriptor_t*)values)[i];
            engine->graph = part(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
            engine->final = true;
        } else {
            ((int64_t*)values)[i] = 0; // the only other one is the workspace
        }
    }
    return CUDNN_STATUS_SUCCESS;
}

/// The address that a pack has for a tensor
static void*
address_of(cudnnBackendDescriptor_t pack, cudnnBackendDescriptor_t tensor)
{
    int64_t wanted = 0;
    int64_t ids[LONGEST] = {0};
    void* address[LONGEST] = {NULL};
    get(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, &wanted, 1);
    const int64_t n = get(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids, LONGEST);
    get(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, address, LONGEST);
    for (int64_t i = 0; i < n; ++i) {
        if (ids[i] == wanted) {
            return address[i];
        }
    }
    return NULL;
}

static void
add_step(standin_conv* to, cudnnBackendDescriptor_t op, cudnnBackendDescriptor_t pack)
{
    cudnnBackendDescriptor_t what = part(op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    cudnnBackendDescriptor_t b = part(op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
    cudnnBackendDescriptor_t y = part(op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC);
    standin_step* step = &to->step[to->steps++];
    get(what, CUDNN_ATTR_POINTWISE_MODE, &step->mode, 1);
    get(what, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, &step->slope, 1);
    if (b) {
        step->shape = shape_of(b);
        step->values = address_of(pack, b);
    }
    to->y = shape_of(y);
    to->y_data = address_of(pack, y);
}

cudnnStatus_t
cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                    cudnnBackendDescriptor_t pack)
{
    cudnnBackendDescriptor_t op[STANDIN_STEPS] = {NULL};
    standin_conv c = {0};
    if (standin_call("cudnnBackendExecute", STANDIN_PLAIN) || !plan->final || !pack->final) {
        return CUDNN_STATUS_EXECUTION_FAILED;
    }
    cudnnBackendDescriptor_t graph = part(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)->graph;
    const int64_t n = get(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, (void*)op, STANDIN_STEPS);
    cudnnBackendDescriptor_t conv = part(op[0], CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
    cudnnBackendDescriptor_t x = part(op[0], CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X);
    cudnnBackendDescriptor_t w = part(op[0], CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W);
    get(conv, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, c.pad, 2);
    get(conv, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, c.stride, 2);
    get(conv, CUDNN_ATTR_CONVOLUTION_DILATIONS, c.dilation, 2);
    c.x = shape_of(x);
    c.w = shape_of(w);
    c.x_data = address_of(pack, x);
    c.w_data = address_of(pack, w);
    for (int64_t i = 1; i < n; ++i) {
        add_step(&c, op[i], pack);
    }
    return standin_submit(standin_stream(handle), standin_convolve, &c, sizeof(c))
               ? CUDNN_STATUS_EXECUTION_FAILED
               : CUDNN_STATUS_SUCCESS;
}
