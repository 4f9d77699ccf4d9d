// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_BACKEND_NATIVE_CONV_H
#define UB_MODEL_BACKEND_NATIVE_CONV_H

/**
   @file
   One oneDNN convolution of one image, [frames][bins][channels] ("nhwc").

   oneDNN fixes the number of threads when a convolution is made: make and run
   it with the same OpenMP thread count.
*/

#include "model/backend/conv_shape.h"
#include "model/backend/native/version.h"

typedef struct {
    ub_conv_shape size;
    const ub_activation* activation; ///< After scale and shift, or NULL for raw float output
    bool half;                       ///< Weights, input and finished output are bfloat16
} ub_dnn_shape;

typedef struct {
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    dnnl_memory_t src;
    dnnl_memory_t weights; ///< Not owned
    dnnl_memory_t dst;
    dnnl_memory_t scale; ///< NULL for raw output
    dnnl_memory_t shift;
    dnnl_memory_t scratch;
} ub_dnn_conv;

/** Where a convolution reads and writes. */
typedef struct {
    const void* src;
    void* dst;
    const float* scale; ///< [filters], not for raw output
    const float* shift;
    void* scratch; ///< ub_dnn_conv_scratch() bytes
} ub_dnn_buffers;

/// Choose an implementation; the conv must be zero
bool ub_dnn_conv_describe(ub_dnn_conv* conv, dnnl_engine_t engine, const ub_dnn_shape* shape);

/// The weights' layout that the implementation wants
ub_dnn_const_desc ub_dnn_conv_weights(const ub_dnn_conv* conv);

/// Bytes of scratch memory that it wants
size_t ub_dnn_conv_scratch(const ub_dnn_conv* conv);

/// Make it ready to run
bool ub_dnn_conv_build(ub_dnn_conv* conv, dnnl_engine_t engine, dnnl_memory_t weights);

bool ub_dnn_conv_run(const ub_dnn_conv* conv, dnnl_stream_t stream, const ub_dnn_buffers* buffers);

/// Free what it holds
void ub_dnn_conv_clear(ub_dnn_conv* conv);

#endif // UB_MODEL_BACKEND_NATIVE_CONV_H
