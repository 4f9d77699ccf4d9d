// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_STANDIN_H
#define UB_STANDIN_H

/**
   @file
   A device that the host plays, between its parts.

   unbraid_cuda.so's own code runs on it as it is, less the kernels, so that its index
   arithmetic, its buffers and graphs, and what it does when a call fails can be tested, with
   addresses checked, where there is no GPU.

   The environment's UNBRAID_STANDIN makes it fail:
   - "none", "old", "weak": no device, a driver too old, a device too old; "two": two devices
   - "memory:N": the Nth allocation
   - "call:N": the Nth call of any kind
   - "error:N": the device is lost in the Nth launch of a graph
   - "hang:N": that launch never ends
   The program ends if it uses the device after it was lost, or allocates or waits within a
   run.  UNBRAID_STANDIN_ENGINES=0: cuDNN has no engine for any graph of operations.
*/

#include <cudnn.h>

#include <stdbool.h>

/// What a call may do
typedef enum { STANDIN_PLAIN, STANDIN_ALLOCATES, STANDIN_WAITS } standin_kind;

/// Every call begins with this.  Returns what it is to fail with.
cudaError_t standin_call(const char* name, standin_kind kind);

/// Whether this is the moment to fail in this way: "WAY" at any time, "WAY:N" at N
bool standin_fails(const char* way, unsigned now);

/// End the program: something was called that must not be.
_Noreturn void standin_forbid(const char* name, const char* why);

/// One more graph is launched.  Whether the device is lost, and does nothing.
bool standin_launch_lost(void);

/// What the device answers.  If it is lost it must not be used again.
cudaError_t standin_ask(void);

/// Free memory, for which a device would be waited.
cudaError_t standin_release(const char* name, void* memory);

/// Copy, as work to submit.
void standin_copy(const void* arguments);

/// Do work when the graph that its stream is captured for is launched, or now if it has no
/// stream.  What is computed on a stream outside of a graph is left out.  The arguments
/// are copied.
cudaError_t standin_submit(cudaStream_t stream, void (*work)(const void* arguments),
                           const void* arguments, size_t size);

/// Values of a type as floats, and back, rounded to nearest
size_t standin_size(cudnnDataType_t type);
float standin_get(cudnnDataType_t type, const void* values, size_t i);
void standin_put(cudnnDataType_t type, void* values, size_t i, float x);

/** Where a tensor's values are, [items][channels][frames][bins]. */
typedef struct {
    cudnnDataType_t type;
    int64_t size[4];
    int64_t stride[4];
} standin_shape;

/** What is done to a sum: times or plus a value of a tensor, or a function of it. */
typedef struct {
    cudnnPointwiseMode_t mode;
    double slope;
    standin_shape shape;
    const void* values;
} standin_step;

#define STANDIN_STEPS 4

/** A convolution, or the gradient of one by its input, and what is done to its sums. */
typedef struct {
    bool transposed; ///< x is then the gradient by the output, y the result
    standin_shape x;
    standin_shape w; ///< [filters][kernel frames][kernel bins][inputs]
    standin_shape y;
    int64_t pad[2];
    int64_t stride[2];
    int64_t dilation[2];
    const void* x_data;
    const void* w_data;
    void* y_data;
    int steps;
    standin_step step[STANDIN_STEPS];
} standin_conv;

/// As work to submit.
void standin_convolve(const void* conv);

/// The stream that a handle works on
cudaStream_t standin_stream(cudnnHandle_t handle);

#endif // UB_STANDIN_H
