// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/cuda/conv.h"

#include "model/cuda/status.h"
#include "model/cuda/weights.h"

#define ALGORITHMS 8

static const float one = 1.0f;
static const float zero = 0.0f;

/** cuDNN's view of a convolution. */
typedef struct {
    cudnnTensorDescriptor_t in;
    cudnnTensorDescriptor_t out;
    cudnnFilterDescriptor_t weights;
    cudnnConvolutionDescriptor_t conv;
} view;

cudnnDataType_t
ub_cuda_data_type(ub_cuda_precision precision)
{
    return precision == UB_CUDA_BF16  ? CUDNN_DATA_BFLOAT16
           : precision == UB_CUDA_F16 ? CUDNN_DATA_HALF
                                      : CUDNN_DATA_FLOAT;
}

static cudnnMathType_t
math_type(ub_cuda_precision precision)
{
    return precision == UB_CUDA_F32    ? CUDNN_FMA_MATH
           : precision == UB_CUDA_TF32 ? CUDNN_DEFAULT_MATH
                                       : CUDNN_TENSOR_OP_MATH;
}

/// Frames of the input from the convolution's first one on, in place
static cudnnStatus_t
describe_input(cudnnTensorDescriptor_t in, const ub_cuda_conv_task* t)
{
    const int channels = (int)t->conv->inputs;
    const int row = (int)t->image->bins * channels;
    return cudnnSetTensor4dDescriptorEx(in, ub_cuda_data_type(t->precision), (int)t->n, channels,
                                        (int)t->conv->in_size[0], (int)t->conv->in_size[1],
                                        (int)t->image->frames * row, 1, row, channels);
}

static cudnnStatus_t
describe_output(cudnnTensorDescriptor_t out, const ub_cuda_conv_task* t)
{
    return cudnnSetTensor4dDescriptor(out, CUDNN_TENSOR_NHWC, ub_cuda_data_type(t->precision),
                                      (int)t->n, (int)t->conv->filters, (int)t->conv->out_size[0],
                                      (int)t->conv->out_size[1]);
}

static cudnnStatus_t
describe_weights(cudnnFilterDescriptor_t weights, const ub_cuda_conv_task* t)
{
    const ub_cuda_conv* c = t->conv;
    return cudnnSetFilter4dDescriptor(weights, ub_cuda_data_type(t->precision), CUDNN_TENSOR_NHWC,
                                      (int)(c->transposed ? c->inputs : c->filters),
                                      (int)(c->transposed ? c->filters : c->inputs),
                                      (int)c->kernel[0], (int)c->kernel[1]);
}

static bool
view_make(view* v, const ub_cuda_conv_task* t, char* err)
{
    const ub_cuda_conv* c = t->conv;
    return ub_cudnn_worked(cudnnCreateTensorDescriptor(&v->in), err) &&
           ub_cudnn_worked(cudnnCreateTensorDescriptor(&v->out), err) &&
           ub_cudnn_worked(cudnnCreateFilterDescriptor(&v->weights), err) &&
           ub_cudnn_worked(cudnnCreateConvolutionDescriptor(&v->conv), err) &&
           ub_cudnn_worked(describe_input(v->in, t), err) &&
           ub_cudnn_worked(describe_output(v->out, t), err) &&
           ub_cudnn_worked(describe_weights(v->weights, t), err) &&
           ub_cudnn_worked(cudnnSetConvolution2dDescriptor(
                               v->conv, (int)c->pad[0], (int)c->pad[1], (int)c->stride[0],
                               (int)c->stride[1], (int)c->dilation[0], (int)c->dilation[1],
                               CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                           err) &&
           ub_cudnn_worked(cudnnSetConvolutionMathType(v->conv, math_type(t->precision)), err);
}

static void
view_clear(view* v)
{
    if (v->in) {
        cudnnDestroyTensorDescriptor(v->in);
    }
    if (v->out) {
        cudnnDestroyTensorDescriptor(v->out);
    }
    if (v->weights) {
        cudnnDestroyFilterDescriptor(v->weights);
    }
    if (v->conv) {
        cudnnDestroyConvolutionDescriptor(v->conv);
    }
}

static bool
fits(cudnnStatus_t status, size_t memory)
{
    return status == CUDNN_STATUS_SUCCESS && memory <= UB_CUDA_WORKSPACE;
}

static bool
forward(cudnnHandle_t cudnn, const view* v, const ub_cuda_conv_task* t, const void* in,
        void* workspace, char* err)
{
    cudnnConvolutionFwdAlgoPerf_t ranking[ALGORITHMS];
    int n = 0;
    bool done = false;
    if (!ub_cudnn_worked(cudnnGetConvolutionForwardAlgorithm_v7(cudnn, v->in, v->weights, v->conv,
                                                                v->out, ALGORITHMS, &n, ranking),
                         err)) {
        return false;
    }
    snprintf(err, UB_CUDA_TEXT, "cuDNN: no algorithm for a convolution");
    for (int i = 0; !done && i < n; ++i) {
        done =
            fits(ranking[i].status, ranking[i].memory) &&
            ub_cudnn_worked(cudnnConvolutionForward(cudnn, &one, v->in, in, v->weights, t->weights,
                                                    v->conv, ranking[i].algo, workspace,
                                                    ranking[i].memory, &zero, v->out, t->out),
                            err);
    }
    return done;
}

static bool
gradient(cudnnHandle_t cudnn, const view* v, const ub_cuda_conv_task* t, const void* in,
         void* workspace, char* err)
{
    cudnnConvolutionBwdDataAlgoPerf_t ranking[ALGORITHMS];
    int n = 0;
    bool done = false;
    if (!ub_cudnn_worked(cudnnGetConvolutionBackwardDataAlgorithm_v7(
                             cudnn, v->weights, v->in, v->conv, v->out, ALGORITHMS, &n, ranking),
                         err)) {
        return false;
    }
    snprintf(err, UB_CUDA_TEXT, "cuDNN: no algorithm for a transposed convolution");
    for (int i = 0; !done && i < n; ++i) {
        done =
            fits(ranking[i].status, ranking[i].memory) &&
            ub_cudnn_worked(cudnnConvolutionBackwardData(cudnn, &one, v->weights, t->weights, v->in,
                                                         in, v->conv, ranking[i].algo, workspace,
                                                         ranking[i].memory, &zero, v->out, t->out),
                            err);
    }
    return done;
}

bool
ub_cuda_conv_launch(cudnnHandle_t cudnn, const ub_cuda_conv_task* t, void* workspace, char* err)
{
    const size_t row = (size_t)t->image->bins * t->image->channels;
    const char* in =
        (const char*)t->in + t->conv->in_first * row * ub_cuda_value_size(t->precision);
    view v = {NULL, NULL, NULL, NULL};
    const bool launched = view_make(&v, t, err) && (t->conv->transposed ? gradient : forward)(
                                                       cudnn, &v, t, in, workspace, err);
    view_clear(&v);
    return launched;
}
