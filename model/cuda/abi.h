// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_CUDA_ABI_H
#define UB_CUDA_ABI_H

/**
   @file
   Between Unbraid and unbraid_cuda.so, the library that knows CUDA.

   Unbraid describes a network as a program of plain convolutions; the library runs
   programs and knows nothing of networks.  Images are [items][frames][bins][channels],
   of values of the precision, with channels padded by zeros to a multiple of
   UB_CUDA_LANES.  Pairs are [frames, bins].  Plain C types alone, so that a C and a
   CUDA compiler agree.
*/

#include <stddef.h>
#include <stdint.h>

#define UB_CUDA_ABI     3 ///< Changes with anything in this file
#define UB_CUDA_SYMBOL  "ub_cuda_open"
#define UB_CUDA_LANES   8U         ///< Channels of an image are a multiple of it
#define UB_CUDA_BATCH   64U        ///< Most items in a run
#define UB_CUDA_LAYERS  16U        ///< Most layers
#define UB_CUDA_PHASES  64U        ///< Most phases of a transposed convolution
#define UB_CUDA_OUTPUTS 2U         ///< Most images that come of a layer's sums
#define UB_CUDA_TARGETS 9U         ///< Most places that they go to
#define UB_CUDA_DEVICES 16U        ///< Most devices that are told of
#define UB_CUDA_TEXT    256U       ///< Room for one line of text
#define UB_CUDA_MASK    UINT32_MAX ///< The place of the last layer's output

typedef enum { UB_CUDA_F32, UB_CUDA_TF32, UB_CUDA_BF16, UB_CUDA_F16 } ub_cuda_precision;

/** What there is; the first one is used. */
typedef struct {
    uint32_t n;
    char about[UB_CUDA_DEVICES][UB_CUDA_TEXT]; ///< One line each, e.g. "NVIDIA H100, 80 GB"
} ub_cuda_devices;

typedef enum {
    UB_CUDA_LINEAR,
    UB_CUDA_RELU,
    UB_CUDA_LEAKY,
    UB_CUDA_SIGMOID,
    UB_CUDA_TANH,
    UB_CUDA_ELU
} ub_cuda_act;

/** One convolution, its input's frames in_first to in_first + in_size[0] - 1. */
typedef struct {
    uint32_t transposed; ///< As the gradient by its input: no padding, out > in
    uint32_t in_first;
    uint32_t in_size[2];
    uint32_t inputs; ///< Padded
    uint32_t filters;
    uint32_t kernel[2];
    uint32_t stride[2];
    uint32_t dilation[2]; ///< 1 if transposed
    uint32_t pad[2];      ///< Zeros, as many before as after
    uint32_t out_size[2];
    uint32_t weights; ///< Number of the tensor
    size_t raw;       ///< Where its output begins in the raw buffer, in values for one item
} ub_cuda_conv;

/** Where the outputs of one phase are to be found in a convolution's output. */
typedef struct {
    uint32_t conv;     ///< Number in the layer
    int32_t origin[2]; ///< Position of q = 0
    uint32_t channel;  ///< Of the layer's first filter
} ub_cuda_phase;

/** y = gain * activation(scale * x + shift) + offset, without gain and offset if not `after`. */
typedef struct {
    uint32_t activation;
    float slope;
    uint32_t after;
    uint32_t finish; ///< Where its scales begin in an item's, then come its shifts, then gains
                     ///< and offsets if `after`
} ub_cuda_output;

typedef struct {
    uint32_t output;  ///< Number in the layer
    uint32_t image;   ///< Or UB_CUDA_MASK
    uint32_t channel; ///< Of the layer's first filter
} ub_cuda_target;

/**
   One layer.  Output (t, b) is at phase (t + crop) % stride, q (t + crop) / stride of
   its convolutions' outputs; what its outputs make of that goes to their targets.
*/
typedef struct {
    uint32_t n_convs;
    uint32_t filters; ///< Without padding
    uint32_t first;   ///< First frame of its output that is computed
    uint32_t count;   ///< Frames
    uint32_t bins;
    uint32_t stride[2];
    uint32_t crop[2];
    ub_cuda_output output[UB_CUDA_OUTPUTS];
    uint32_t n_targets;
    ub_cuda_target target[UB_CUDA_TARGETS];
    ub_cuda_phase phase[UB_CUDA_PHASES]; ///< [frame phase * stride[1] + bin phase]
    ub_cuda_conv conv[UB_CUDA_PHASES];
} ub_cuda_layer;

/** An image; layer i reads image i. */
typedef struct {
    uint32_t frames;
    uint32_t bins;
    uint32_t channels; ///< Padded
} ub_cuda_image;

typedef struct {
    uint32_t channels; ///< Of input and mask, without padding
    uint32_t layers;
    uint32_t finish; ///< Values of all outputs' scales, shifts and so on, for one item
    uint32_t count;  ///< Frames of the mask
    size_t raw;      ///< Values in the raw buffer, for one item
    ub_cuda_image image[UB_CUDA_LAYERS];
    ub_cuda_layer layer[UB_CUDA_LAYERS];
} ub_cuda_program;

/** Weights: [filters][kernel frames][kernel bins][inputs], both padded; of a transposed
    convolution [inputs][kernel frames][kernel bins][filters]. */
typedef struct {
    const float* values;
    size_t size;
} ub_cuda_weights;

typedef struct {
    const float* input;  ///< [channels][frames][bins]
    const float* finish; ///< Scales, shifts and so on, as the program lays them out
    float* mask;         ///< [channels][count][bins]
} ub_cuda_item;

typedef struct ub_cuda_model_s ub_cuda_model; ///< Weights on the device; any thread
typedef struct ub_cuda_queue_s ub_cuda_queue; ///< Buffers and graphs; one thread at a time

/**
   The library's functions.  Those that may fail write one line to err, of UB_CUDA_TEXT.
   Once a queue is lost the device is not to be used again: free nothing then but queues, by
   abandon(), which calls no driver that might not return.
*/
typedef struct {
    uint32_t abi;

    /// Describe the devices there are.  0 if there is none, with the reason in err.
    int (*probe)(ub_cuda_devices* devices, char* err);

    ub_cuda_model* (*model_new)(const ub_cuda_weights* weights, uint32_t n,
                                ub_cuda_precision precision, char* err);
    void (*model_free)(ub_cuda_model* model);

    /// With `fused`, convolutions are done with their scale, shift and activation in one
    /// kernel by cuDNN's graph API, where it has an engine for them.
    ub_cuda_queue* (*queue_new)(ub_cuda_model* model, int fused, char* err);
    void (*queue_free)(ub_cuda_queue* queue);

    /// Make ready for a program and up to n items.  The program must outlive the
    /// queue.  Returns the number of the plan, or -1.
    int (*prepare)(ub_cuda_queue* queue, const ub_cuda_program* program, uint32_t n, char* err);

    /// Convolutions of a plan that are fused, for one item
    uint32_t (*fused)(const ub_cuda_queue* queue, int plan);

    /// Run n items, before those of other queues that are not urgent.  Waits for the
    /// device for at most `timeout` seconds.
    int (*run)(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n, int urgent,
               double timeout, char* err);

    /// Whether the device has failed at a queue's work, or does not answer
    int (*lost)(const ub_cuda_queue* queue);

    /// Give up a queue: its host memory, nothing that needs the device
    void (*abandon)(ub_cuda_queue* queue);
} ub_cuda_api;

/// The one symbol that the library exports.  NULL for another ABI.
typedef const ub_cuda_api* (*ub_cuda_open_function)(uint32_t abi);

#endif // UB_CUDA_ABI_H
