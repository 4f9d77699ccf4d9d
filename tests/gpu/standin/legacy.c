// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* cuDNN's legacy functions */

#include "tests/gpu/standin/standin.h"

#include <stdlib.h>

struct standin_handle {
    cudaStream_t stream;
};

struct standin_tensor {
    standin_shape shape;
};

struct standin_convolution {
    int64_t pad[2];
    int64_t stride[2];
    int64_t dilation[2];
};

static cudnnStatus_t
call(const char* name, standin_kind kind)
{
    return standin_call(name, kind) ? CUDNN_STATUS_EXECUTION_FAILED : CUDNN_STATUS_SUCCESS;
}

size_t
cudnnGetVersion(void)
{
    return 0;
}

const char*
cudnnGetErrorString(cudnnStatus_t status)
{
    static const char* const names[] = {"CUDNN_STATUS_SUCCESS", "CUDNN_STATUS_BAD_PARAM",
                                        "CUDNN_STATUS_NOT_SUPPORTED",
                                        "CUDNN_STATUS_EXECUTION_FAILED"};
    return names[status];
}

cudaStream_t
standin_stream(cudnnHandle_t handle)
{
    return handle->stream;
}

/// Memory for a handle or descriptor
static cudnnStatus_t
make(const char* name, void** made, size_t size)
{
    const cudnnStatus_t status = call(name, STANDIN_PLAIN);
    *made = status ? NULL : calloc(1, size);
    return status;
}

cudnnStatus_t
cudnnCreate(cudnnHandle_t* handle)
{
    void* made = NULL;
    const cudnnStatus_t status = make("cudnnCreate", &made, sizeof(struct standin_handle));
    *handle = (cudnnHandle_t)made;
    return status;
}

cudnnStatus_t
cudnnDestroy(cudnnHandle_t handle)
{
    free(handle);
    return call("cudnnDestroy", STANDIN_WAITS);
}

cudnnStatus_t
cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    handle->stream = stream;
    return call("cudnnSetStream", STANDIN_PLAIN);
}

cudnnStatus_t
cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensor)
{
    void* made = NULL;
    const cudnnStatus_t status =
        make("cudnnCreateTensorDescriptor", &made, sizeof(struct standin_tensor));
    *tensor = (cudnnTensorDescriptor_t)made;
    return status;
}

cudnnStatus_t
cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor)
{
    free(tensor);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t tensor, cudnnDataType_t type, int n, int c,
                             int h, int w, int n_stride, int c_stride, int h_stride, int w_stride)
{
    tensor->shape = (standin_shape){type, {n, c, h, w}, {n_stride, c_stride, h_stride, w_stride}};
    return call("cudnnSetTensor4dDescriptorEx", STANDIN_PLAIN);
}

cudnnStatus_t
cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                           cudnnDataType_t type, int n, int c, int h, int w)
{
    (void)format;
    return cudnnSetTensor4dDescriptorEx(tensor, type, n, c, h, w, h * w * c, 1, w * c, c);
}

cudnnStatus_t
cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filter)
{
    return cudnnCreateTensorDescriptor(filter);
}

cudnnStatus_t
cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter)
{
    return cudnnDestroyTensorDescriptor(filter);
}

cudnnStatus_t
cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                           cudnnTensorFormat_t format, int k, int c, int h, int w)
{
    return cudnnSetTensor4dDescriptor(filter, format, type, k, c, h, w);
}

cudnnStatus_t
cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* conv)
{
    void* made = NULL;
    const cudnnStatus_t status =
        make("cudnnCreateConvolutionDescriptor", &made, sizeof(struct standin_convolution));
    *conv = (cudnnConvolutionDescriptor_t)made;
    return status;
}

cudnnStatus_t
cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t conv)
{
    free(conv);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t conv, int pad_h, int pad_w,
                                int stride_h, int stride_w, int dilation_h, int dilation_w,
                                cudnnConvolutionMode_t mode, cudnnDataType_t type)
{
    (void)mode;
    *conv = (struct standin_convolution){
        {pad_h, pad_w}, {stride_h, stride_w}, {dilation_h, dilation_w}};
    return type == CUDNN_DATA_FLOAT ? call("cudnnSetConvolution2dDescriptor", STANDIN_PLAIN)
                                    : CUDNN_STATUS_NOT_SUPPORTED;
}

cudnnStatus_t
cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t conv, cudnnMathType_t type)
{
    (void)conv, (void)type;
    return call("cudnnSetConvolutionMathType", STANDIN_PLAIN);
}

/// Whether x, convolved, has the size of y: cuDNN refuses anything else
static cudnnStatus_t
check(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t conv,
      cudnnTensorDescriptor_t y)
{
    bool good = x->shape.size[0] == y->shape.size[0] && x->shape.size[1] == w->shape.size[1] &&
                y->shape.size[1] == w->shape.size[0];
    for (int axis = 0; axis < 2; ++axis) {
        const int64_t reach = (w->shape.size[2 + axis] - 1) * conv->dilation[axis] + 1;
        const int64_t room = x->shape.size[2 + axis] + 2 * conv->pad[axis] - reach;
        good = good && room >= 0 && room / conv->stride[axis] + 1 == y->shape.size[2 + axis];
    }
    return good ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t
cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                       cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t conv,
                                       cudnnTensorDescriptor_t y, int wanted, int* n,
                                       cudnnConvolutionFwdAlgoPerf_t* ranking)
{
    (void)handle, (void)wanted;
    // The first is too large, and the second does not work
    ranking[0] = (cudnnConvolutionFwdAlgoPerf_t){.memory = (size_t)1 << 40};
    ranking[1] = (cudnnConvolutionFwdAlgoPerf_t){.status = CUDNN_STATUS_NOT_SUPPORTED};
    ranking[2] = (cudnnConvolutionFwdAlgoPerf_t){.status = check(x, w, conv, y)};
    *n = 3;
    return call("cudnnGetConvolutionForwardAlgorithm_v7", STANDIN_PLAIN);
}

cudnnStatus_t
cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t handle, cudnnFilterDescriptor_t w,
                                            cudnnTensorDescriptor_t dy,
                                            cudnnConvolutionDescriptor_t conv,
                                            cudnnTensorDescriptor_t dx, int wanted, int* n,
                                            cudnnConvolutionBwdDataAlgoPerf_t* ranking)
{
    (void)handle, (void)wanted;
    ranking[0] = (cudnnConvolutionBwdDataAlgoPerf_t){.memory = (size_t)1 << 40};
    ranking[1] = (cudnnConvolutionBwdDataAlgoPerf_t){.status = check(dx, w, conv, dy)};
    *n = 2;
    return call("cudnnGetConvolutionBackwardDataAlgorithm_v7", STANDIN_PLAIN);
}

static cudnnStatus_t
submit(cudnnHandle_t handle, const standin_conv* conv, const void* alpha, const void* beta)
{
    if (*(const float*)alpha != 1.0f || *(const float*)beta != 0.0f) {
        return CUDNN_STATUS_NOT_SUPPORTED;
    }
    const cudnnStatus_t status = call("cudnnConvolution", STANDIN_PLAIN);
    return status ? status
           : standin_submit(handle->stream, standin_convolve, conv, sizeof(*conv))
               ? CUDNN_STATUS_EXECUTION_FAILED
               : status;
}

cudnnStatus_t
cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x,
                        const void* x_data, cudnnFilterDescriptor_t w, const void* w_data,
                        cudnnConvolutionDescriptor_t conv, cudnnConvolutionFwdAlgo_t algo,
                        void* workspace, size_t size, const void* beta, cudnnTensorDescriptor_t y,
                        void* y_data)
{
    (void)algo, (void)workspace, (void)size;
    const standin_conv c = {.x = x->shape,
                            .w = w->shape,
                            .y = y->shape,
                            .pad = {conv->pad[0], conv->pad[1]},
                            .stride = {conv->stride[0], conv->stride[1]},
                            .dilation = {conv->dilation[0], conv->dilation[1]},
                            .x_data = x_data,
                            .w_data = w_data,
                            .y_data = y_data};
    return submit(handle, &c, alpha, beta);
}

cudnnStatus_t
cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, cudnnFilterDescriptor_t w,
                             const void* w_data, cudnnTensorDescriptor_t dy, const void* dy_data,
                             cudnnConvolutionDescriptor_t conv, cudnnConvolutionBwdDataAlgo_t algo,
                             void* workspace, size_t size, const void* beta,
                             cudnnTensorDescriptor_t dx, void* dx_data)
{
    (void)algo, (void)workspace, (void)size;
    const standin_conv c = {.transposed = true,
                            .x = dy->shape,
                            .w = w->shape,
                            .y = dx->shape,
                            .stride = {conv->stride[0], conv->stride[1]},
                            .x_data = dy_data,
                            .w_data = w_data,
                            .y_data = dx_data};
    return conv->pad[0] || conv->pad[1] ? CUDNN_STATUS_NOT_SUPPORTED
                                        : submit(handle, &c, alpha, beta);
}
