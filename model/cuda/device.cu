// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  unbraid_cuda.so: programs of convolutions by cuDNN, and two small kernels around them.

  A model's weights are on the device once.  A queue has one stream, one set of buffers
  for its largest batch, and for every plan one CUDA graph per batch size; a run copies
  the inputs, launches a graph and polls one event.  The CUDA runtime is linked in
  statically and looks for the driver itself when the device is first asked for.
*/

#include "model/cuda/abi.h"
#include "model/cuda/finish.h"

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <cudnn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PLANS 64
#define ALGORITHMS 8
#define THREADS 256
#define MAX_WORKSPACE ((size_t)256 << 20)

/// Batch sizes that graphs are made for; a run takes the next that is large enough
static const uint32_t sizes[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct ub_cuda_model_s {
    ub_cuda_precision precision;
    uint32_t n;
    void* weights[UB_CUDA_LAYERS * UB_CUDA_PHASES];
};

typedef struct {
    const ub_cuda_program* program;
    ub_cuda_program* on_device;
    uint32_t items;
    cudaGraphExec_t graph[SIZES];
} plan_t;

/// Memory that both sides of a transfer need
typedef struct {
    void* host; ///< Pinned
    void* device;
} mirror;

struct ub_cuda_queue_s {
    ub_cuda_model* model;
    cudaStream_t stream;
    cudaEvent_t done;
    cudnnHandle_t cudnn;
    int plans;
    plan_t plan[PLANS];
    uint32_t items; ///< That the buffers hold
    size_t raw_size; ///< Values of one item
    size_t mask_size;
    mirror input;  ///< [slots][channels][frames][bins]
    mirror finish; ///< [items][program.finish]
    mirror slot;   ///< [items] Each item's input
    mirror mask;   ///< [items][channels][count][bins]
    void* image[UB_CUDA_LAYERS];
    void* raw;
    void* workspace;
};

/** Values of the precision as float. */
static __device__ float to_float(float x)
{
    return x;
}

static __device__ float to_float(__nv_bfloat16 x)
{
    return __bfloat162float(x);
}

static __device__ void put(float* to, float x)
{
    *to = x;
}

static __device__ void put(__nv_bfloat16* to, float x)
{
    *to = __float2bfloat16_rn(x);
}

template <typename T>
static __global__ void load_kernel(const ub_cuda_program* program, const uint32_t* slot,
                                   const float* input, T* image, size_t n)
{
    const size_t step = (size_t)gridDim.x * blockDim.x;
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {
        const size_t at = ub_cuda_input_at(program, slot, i);
        put(image + i, at == SIZE_MAX ? 0.0f : input[at]);
    }
}

/** All images, for kernels. */
typedef struct {
    void* at[UB_CUDA_LAYERS];
} image_list;

template <typename T>
static __global__ void finish_kernel(const ub_cuda_program* program, uint32_t number,
                                     const float* finish, const T* raw, image_list images,
                                     float* mask, uint32_t n)
{
    const ub_cuda_layer* layer = &program->layer[number];
    const size_t points = ub_cuda_points(layer, n);
    const size_t step = (size_t)gridDim.x * blockDim.x;
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < points; i += step) {
        const ub_cuda_point p = ub_cuda_point_at(layer, i);
        const float x = to_float(raw[ub_cuda_raw_at(layer, p, n)]);
        const float y =
            ub_cuda_finish(layer, finish + (size_t)p.item * program->finish, p.channel, x);
        for (uint32_t k = 0; k < layer->n_targets; ++k) {
            const ub_cuda_target* target = &layer->target[k];
            if (target->image == UB_CUDA_MASK) {
                mask[ub_cuda_mask_at(layer, p)] = y;
            } else {
                put((T*)images.at[target->image] +
                        ub_cuda_image_at(layer, &program->image[target->image], target, p),
                    y);
            }
        }
    }
}

template <typename T>
static __global__ void convert_kernel(const float* from, T* to, size_t n)
{
    const size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        put(to + i, from[i]);
    }
}

static unsigned blocks_for(size_t n)
{
    const size_t blocks = (n + THREADS - 1) / THREADS;
    return (unsigned)(blocks < 65535 ? blocks : 65535);
}

static bool worked(cudaError_t status, char* err)
{
    if (status != cudaSuccess) {
        snprintf(err, UB_CUDA_TEXT, "CUDA: %s", cudaGetErrorString(status));
    }
    return status == cudaSuccess;
}

static bool worked(cudnnStatus_t status, char* err)
{
    if (status != CUDNN_STATUS_SUCCESS) {
        snprintf(err, UB_CUDA_TEXT, "cuDNN: %s", cudnnGetErrorString(status));
    }
    return status == CUDNN_STATUS_SUCCESS;
}

static bool is_half(const ub_cuda_model* model)
{
    return model->precision == UB_CUDA_BF16;
}

static size_t value_size(const ub_cuda_model* model)
{
    return is_half(model) ? sizeof(__nv_bfloat16) : sizeof(float);
}

static int probe(char* about, char* err)
{
    int n = 0;
    cudaDeviceProp device;
    if (!worked(cudaGetDeviceCount(&n), err) || !worked(cudaGetDeviceProperties(&device, 0), err)) {
        return 0;
    }
    snprintf(about, UB_CUDA_TEXT, "%.100s, %.0f GB, compute capability %d.%d, cuDNN %zu%s",
             device.name, (double)device.totalGlobalMem / 1e9, device.major, device.minor,
             cudnnGetVersion(), n > 1 ? ", the first of several" : "");
    return 1;
}

static void model_free(ub_cuda_model* model)
{
    for (uint32_t i = 0; i < model->n; ++i) {
        cudaFree(model->weights[i]);
    }
    free(model);
}

static bool load_tensor(ub_cuda_model* model, const ub_cuda_weights* from, char* err)
{
    void** to = &model->weights[model->n++];
    if (!from->size) {
        return true;
    }
    const size_t bytes = from->size * sizeof(float);
    if (!is_half(model)) {
        return worked(cudaMalloc(to, bytes), err) &&
               worked(cudaMemcpy(*to, from->values, bytes, cudaMemcpyHostToDevice), err);
    }
    float* single = NULL;
    bool ok = worked(cudaMalloc(&single, bytes), err) &&
              worked(cudaMalloc(to, from->size * sizeof(__nv_bfloat16)), err) &&
              worked(cudaMemcpy(single, from->values, bytes, cudaMemcpyHostToDevice), err);
    if (ok) {
        const unsigned blocks = (unsigned)((from->size + THREADS - 1) / THREADS);
        convert_kernel<<<blocks, THREADS>>>(single, (__nv_bfloat16*)*to, from->size);
        ok = worked(cudaGetLastError(), err) && worked(cudaDeviceSynchronize(), err);
    }
    cudaFree(single);
    return ok;
}

static ub_cuda_model* model_new(const ub_cuda_weights* weights, uint32_t n,
                                ub_cuda_precision precision, char* err)
{
    ub_cuda_model* model = (ub_cuda_model*)calloc(1, sizeof(ub_cuda_model));
    if (!model) {
        snprintf(err, UB_CUDA_TEXT, "out of memory");
        return NULL;
    }
    model->precision = precision;
    for (uint32_t i = 0; i < n; ++i) {
        if (!load_tensor(model, &weights[i], err)) {
            model_free(model);
            return NULL;
        }
    }
    return model;
}

static void mirror_free(mirror* m)
{
    cudaFreeHost(m->host);
    cudaFree(m->device);
    *m = (mirror){NULL, NULL};
}

static bool mirror_make(mirror* m, size_t bytes, char* err)
{
    mirror_free(m);
    return worked(cudaMallocHost(&m->host, bytes), err) && worked(cudaMalloc(&m->device, bytes), err);
}

static void drop_graphs(ub_cuda_queue* queue)
{
    for (int i = 0; i < queue->plans; ++i) {
        for (size_t k = 0; k < SIZES; ++k) {
            if (queue->plan[i].graph[k]) {
                cudaGraphExecDestroy(queue->plan[i].graph[k]);
                queue->plan[i].graph[k] = NULL;
            }
        }
    }
}

static void queue_free(ub_cuda_queue* queue)
{
    drop_graphs(queue);
    for (int i = 0; i < queue->plans; ++i) {
        cudaFree(queue->plan[i].on_device);
    }
    mirror_free(&queue->input);
    mirror_free(&queue->finish);
    mirror_free(&queue->slot);
    mirror_free(&queue->mask);
    for (uint32_t i = 0; i < UB_CUDA_LAYERS; ++i) {
        cudaFree(queue->image[i]);
    }
    cudaFree(queue->raw);
    cudaFree(queue->workspace);
    if (queue->cudnn) {
        cudnnDestroy(queue->cudnn);
    }
    if (queue->done) {
        cudaEventDestroy(queue->done);
    }
    if (queue->stream) {
        cudaStreamDestroy(queue->stream);
    }
    free(queue);
}

/// The host's part alone: pinned memory and all else belong to a device that may not answer
static void abandon(ub_cuda_queue* queue)
{
    free(queue);
}

static ub_cuda_queue* queue_new(ub_cuda_model* model, char* err)
{
    ub_cuda_queue* queue = (ub_cuda_queue*)calloc(1, sizeof(ub_cuda_queue));
    int least = 0;
    int greatest = 0;
    if (!queue) {
        snprintf(err, UB_CUDA_TEXT, "out of memory");
        return NULL;
    }
    queue->model = model;
    if (!worked(cudaDeviceGetStreamPriorityRange(&least, &greatest), err) ||
        !worked(cudaStreamCreateWithPriority(&queue->stream, cudaStreamNonBlocking, greatest),
                err) ||
        !worked(cudaEventCreateWithFlags(&queue->done, cudaEventDisableTiming), err) ||
        !worked(cudnnCreate(&queue->cudnn), err) ||
        !worked(cudnnSetStream(queue->cudnn, queue->stream), err) ||
        !worked(cudaMalloc(&queue->workspace, MAX_WORKSPACE), err)) {
        queue_free(queue);
        return NULL;
    }
    return queue;
}

static size_t image_size(const ub_cuda_image* image)
{
    return (size_t)image->frames * image->bins * image->channels;
}

/// Values of an item's input
static size_t input_size(const ub_cuda_program* program)
{
    return (size_t)program->channels * program->image[0].frames * program->image[0].bins;
}

/// Values of an item's mask
static size_t mask_size(const ub_cuda_program* program)
{
    return (size_t)program->channels * program->count * program->layer[program->layers - 1].bins;
}

/// Buffers for n items of any plan.  All programs of a queue are one network's, whose
/// images are alike.
static bool grow(ub_cuda_queue* queue, const ub_cuda_program* program, uint32_t n, char* err)
{
    n = n > queue->items ? n : queue->items;
    queue->raw_size = program->raw > queue->raw_size ? program->raw : queue->raw_size;
    queue->mask_size =
        mask_size(program) > queue->mask_size ? mask_size(program) : queue->mask_size;
    const size_t value = value_size(queue->model);
    bool ok = mirror_make(&queue->input, n * input_size(program) * sizeof(float), err) &&
              mirror_make(&queue->finish, n * program->finish * sizeof(float), err) &&
              mirror_make(&queue->slot, n * sizeof(uint32_t), err) &&
              mirror_make(&queue->mask, n * queue->mask_size * sizeof(float), err);
    for (uint32_t i = 0; ok && i < program->layers; ++i) {
        const size_t bytes = n * image_size(&program->image[i]) * value;
        cudaFree(queue->image[i]);
        queue->image[i] = NULL;
        ok = worked(cudaMalloc(&queue->image[i], bytes), err) &&
             worked(cudaMemset(queue->image[i], 0, bytes), err); // padded channels stay 0
    }
    cudaFree(queue->raw);
    queue->raw = NULL;
    ok = ok && worked(cudaMalloc(&queue->raw, n * queue->raw_size * value), err);
    queue->items = ok ? n : 0;
    return ok;
}

/** cuDNN's view of a convolution of n items. */
typedef struct {
    cudnnTensorDescriptor_t in;
    cudnnTensorDescriptor_t out;
    cudnnFilterDescriptor_t weights;
    cudnnConvolutionDescriptor_t conv;
} view;

static bool view_make(view* v, const ub_cuda_model* model, const ub_cuda_image* image,
                      const ub_cuda_conv* c, uint32_t n, char* err)
{
    const cudnnDataType_t type = is_half(model) ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    const cudnnMathType_t math = model->precision == UB_CUDA_F32    ? CUDNN_FMA_MATH
                                 : model->precision == UB_CUDA_TF32 ? CUDNN_DEFAULT_MATH
                                                                    : CUDNN_TENSOR_OP_MATH;
    const int channels = (int)c->inputs;
    const int row = (int)image->bins * channels;
    const int item = (int)image->frames * row;
    const int a = (int)(c->transposed ? c->inputs : c->filters);
    const int b = (int)(c->transposed ? c->filters : c->inputs);
    return worked(cudnnCreateTensorDescriptor(&v->in), err) &&
           worked(cudnnCreateTensorDescriptor(&v->out), err) &&
           worked(cudnnCreateFilterDescriptor(&v->weights), err) &&
           worked(cudnnCreateConvolutionDescriptor(&v->conv), err) &&
           worked(cudnnSetTensor4dDescriptorEx(v->in, type, (int)n, channels, (int)c->in_size[0],
                                               (int)c->in_size[1], item, 1, row, channels),
                  err) &&
           worked(cudnnSetTensor4dDescriptor(v->out, CUDNN_TENSOR_NHWC, type, (int)n,
                                             (int)c->filters, (int)c->out_size[0],
                                             (int)c->out_size[1]),
                  err) &&
           worked(cudnnSetFilter4dDescriptor(v->weights, type, CUDNN_TENSOR_NHWC, a, b,
                                             (int)c->kernel[0], (int)c->kernel[1]),
                  err) &&
           worked(cudnnSetConvolution2dDescriptor(v->conv, (int)c->pad[0], (int)c->pad[1],
                                                  (int)c->stride[0], (int)c->stride[1], 1, 1,
                                                  CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                  err) &&
           worked(cudnnSetConvolutionMathType(v->conv, math), err);
}

static void view_clear(view* v)
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

/// Launch with the first algorithm of cuDNN's ranking that has room and works
static bool forward(const ub_cuda_queue* queue, const view* v, const void* in, const void* weights,
                    void* out, char* err)
{
    const float one = 1.0f;
    const float zero = 0.0f;
    cudnnConvolutionFwdAlgoPerf_t ranking[ALGORITHMS];
    int n = 0;
    bool done = false;
    if (!worked(cudnnGetConvolutionForwardAlgorithm_v7(queue->cudnn, v->in, v->weights, v->conv,
                                                       v->out, ALGORITHMS, &n, ranking),
                err)) {
        return false;
    }
    for (int i = 0; !done && i < n; ++i) {
        done = ranking[i].status == CUDNN_STATUS_SUCCESS && ranking[i].memory <= MAX_WORKSPACE &&
               worked(cudnnConvolutionForward(queue->cudnn, &one, v->in, in, v->weights, weights,
                                              v->conv, ranking[i].algo, queue->workspace,
                                              ranking[i].memory, &zero, v->out, out),
                      err);
    }
    return done;
}

static bool gradient(const ub_cuda_queue* queue, const view* v, const void* in,
                     const void* weights, void* out, char* err)
{
    const float one = 1.0f;
    const float zero = 0.0f;
    cudnnConvolutionBwdDataAlgoPerf_t ranking[ALGORITHMS];
    int n = 0;
    bool done = false;
    if (!worked(cudnnGetConvolutionBackwardDataAlgorithm_v7(queue->cudnn, v->weights, v->in,
                                                            v->conv, v->out, ALGORITHMS, &n,
                                                            ranking),
                err)) {
        return false;
    }
    for (int i = 0; !done && i < n; ++i) {
        done = ranking[i].status == CUDNN_STATUS_SUCCESS && ranking[i].memory <= MAX_WORKSPACE &&
               worked(cudnnConvolutionBackwardData(queue->cudnn, &one, v->weights, weights, v->in,
                                                   in, v->conv, ranking[i].algo, queue->workspace,
                                                   ranking[i].memory, &zero, v->out, out),
                      err);
    }
    return done;
}

static bool launch_conv(const ub_cuda_queue* queue, const ub_cuda_program* program, uint32_t layer,
                        const ub_cuda_conv* c, uint32_t n, char* err)
{
    const ub_cuda_image* image = &program->image[layer];
    const size_t value = value_size(queue->model);
    const char* in = (const char*)queue->image[layer] +
                     (size_t)c->in_first * image->bins * image->channels * value;
    char* out = (char*)queue->raw + c->raw * n * value;
    const void* weights = queue->model->weights[c->weights];
    view v = {NULL, NULL, NULL, NULL};
    const bool ok = view_make(&v, queue->model, image, c, n, err) &&
                    (c->transposed ? gradient(queue, &v, in, weights, out, err)
                                   : forward(queue, &v, in, weights, out, err));
    view_clear(&v);
    return ok;
}

template <typename T>
static bool launch(const ub_cuda_queue* queue, const plan_t* plan, uint32_t n, char* err)
{
    const ub_cuda_program* program = plan->program;
    const float* finish = (const float*)queue->finish.device;
    const size_t first = n * image_size(&program->image[0]);
    image_list images;
    memcpy(images.at, queue->image, sizeof(images.at));
    load_kernel<T><<<blocks_for(first), THREADS, 0, queue->stream>>>(
        plan->on_device, (const uint32_t*)queue->slot.device, (const float*)queue->input.device,
        (T*)queue->image[0], first);
    bool ok = worked(cudaGetLastError(), err);
    for (uint32_t i = 0; ok && i < program->layers; ++i) {
        const ub_cuda_layer* layer = &program->layer[i];
        for (uint32_t k = 0; ok && k < layer->n_convs; ++k) {
            ok = launch_conv(queue, program, i, &layer->conv[k], n, err);
        }
        finish_kernel<T><<<blocks_for(ub_cuda_points(layer, n)), THREADS, 0, queue->stream>>>(
            plan->on_device, i, finish, (const T*)queue->raw, images, (float*)queue->mask.device,
            n);
        ok = ok && worked(cudaGetLastError(), err);
    }
    return ok && worked(cudaMemcpyAsync(queue->mask.host, queue->mask.device,
                                        n * mask_size(program) * sizeof(float),
                                        cudaMemcpyDeviceToHost, queue->stream),
                        err);
}

static bool launch_any(const ub_cuda_queue* queue, const plan_t* plan, uint32_t n, char* err)
{
    return is_half(queue->model) ? launch<__nv_bfloat16>(queue, plan, n, err)
                                 : launch<float>(queue, plan, n, err);
}

/// Run once as it is, which loads all code, then once more as a graph
static bool make_graph(ub_cuda_queue* queue, plan_t* plan, size_t k, char* err)
{
    cudaGraph_t graph = NULL;
    if (!launch_any(queue, plan, sizes[k], err) ||
        !worked(cudaStreamSynchronize(queue->stream), err) ||
        !worked(cudaStreamBeginCapture(queue->stream, cudaStreamCaptureModeThreadLocal), err)) {
        return false;
    }
    const bool launched = launch_any(queue, plan, sizes[k], err);
    const cudaError_t ended = cudaStreamEndCapture(queue->stream, &graph);
    const bool ok = launched && worked(ended, err) &&
                    worked(cudaGraphInstantiate(&plan->graph[k], graph, 0), err);
    if (graph) {
        cudaGraphDestroy(graph);
    }
    return ok;
}

/// The smallest size for n items
static size_t size_for(uint32_t n)
{
    size_t k = 0;
    while (sizes[k] < n) {
        ++k;
    }
    return k;
}

static bool make_graphs(ub_cuda_queue* queue, char* err)
{
    memset(queue->slot.host, 0, queue->items * sizeof(uint32_t));
    bool ok = worked(cudaMemset(queue->slot.device, 0, queue->items * sizeof(uint32_t)), err) &&
              worked(cudaDeviceSynchronize(), err);
    for (int i = 0; i < queue->plans; ++i) {
        plan_t* plan = &queue->plan[i];
        for (size_t k = 0; ok && k <= size_for(plan->items); ++k) {
            ok = plan->graph[k] || make_graph(queue, plan, k, err);
        }
    }
    return ok;
}

static plan_t* find_plan(ub_cuda_queue* queue, const ub_cuda_program* program, char* err)
{
    for (int i = 0; i < queue->plans; ++i) {
        if (queue->plan[i].program == program) {
            return &queue->plan[i];
        }
    }
    plan_t* plan = &queue->plan[queue->plans];
    if (queue->plans == PLANS) {
        snprintf(err, UB_CUDA_TEXT, "more than %d programs", PLANS);
        return NULL;
    }
    plan->program = program;
    if (!worked(cudaMalloc(&plan->on_device, sizeof(*program)), err) ||
        !worked(cudaMemcpy(plan->on_device, program, sizeof(*program), cudaMemcpyHostToDevice),
                err)) {
        return NULL;
    }
    ++queue->plans;
    return plan;
}

static int prepare(ub_cuda_queue* queue, const ub_cuda_program* program, uint32_t n, char* err)
{
    plan_t* plan = find_plan(queue, program, err);
    if (!plan) {
        return -1;
    }
    plan->items = n > plan->items ? n : plan->items;
    const uint32_t size = sizes[size_for(n)];
    if (size > queue->items || program->raw > queue->raw_size ||
        mask_size(program) > queue->mask_size) {
        drop_graphs(queue); // they hold the addresses of the buffers
        if (!grow(queue, program, size, err)) {
            return -1;
        }
    }
    return make_graphs(queue, err) ? (int)(plan - queue->plan) : -1;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/// Poll the event: a driver's own wait would not return from a kernel that hangs
static bool wait_done(const ub_cuda_queue* queue, double timeout, char* err)
{
    const double start = now();
    const struct timespec moment = {0, 20000};
    cudaError_t status = cudaErrorNotReady;
    while ((status = cudaEventQuery(queue->done)) == cudaErrorNotReady) {
        const double passed = now() - start;
        if (passed > timeout) {
            snprintf(err, UB_CUDA_TEXT, "no answer from the device in %g s", timeout);
            return false;
        }
        if (passed > 200e-6) { // most jobs are over by then
            nanosleep(&moment, NULL);
        }
    }
    return worked(status, err);
}

/// Put the items in pinned memory; those of one input share it.  Returns inputs in all.
static uint32_t gather(ub_cuda_queue* queue, const ub_cuda_program* program,
                       const ub_cuda_item* items, uint32_t n)
{
    const size_t size = input_size(program);
    uint32_t* slot = (uint32_t*)queue->slot.host;
    uint32_t slots = 0;
    for (uint32_t i = 0; i < n; ++i) {
        memcpy((float*)queue->finish.host + (size_t)i * program->finish, items[i].finish,
               program->finish * sizeof(float));
        if (i && items[i].input == items[i - 1].input) {
            slot[i] = slot[i - 1];
            continue;
        }
        slot[i] = slots;
        memcpy((float*)queue->input.host + slots * size, items[i].input, size * sizeof(float));
        ++slots;
    }
    return slots;
}

static bool upload(const ub_cuda_queue* queue, const mirror* m, size_t bytes, char* err)
{
    return worked(cudaMemcpyAsync(m->device, m->host, bytes, cudaMemcpyHostToDevice,
                                  queue->stream),
                  err);
}

static int run(ub_cuda_queue* queue, int number, const ub_cuda_item* items, uint32_t n,
               double timeout, char* err)
{
    const plan_t* plan = &queue->plan[number];
    const ub_cuda_program* program = plan->program;
    const size_t size = mask_size(program);
    const uint32_t slots = gather(queue, program, items, n);
    if (!upload(queue, &queue->input, slots * input_size(program) * sizeof(float), err) ||
        !upload(queue, &queue->finish, n * program->finish * sizeof(float), err) ||
        !upload(queue, &queue->slot, n * sizeof(uint32_t), err) ||
        !worked(cudaGraphLaunch(plan->graph[size_for(n)], queue->stream), err) ||
        !worked(cudaEventRecord(queue->done, queue->stream), err) ||
        !wait_done(queue, timeout, err)) {
        return 0;
    }
    for (uint32_t i = 0; i < n; ++i) {
        memcpy(items[i].mask, (const float*)queue->mask.host + i * size, size * sizeof(float));
    }
    return 1;
}

extern "C" __attribute__((visibility("default"))) const ub_cuda_api* ub_cuda_open(uint32_t abi);

const ub_cuda_api* ub_cuda_open(uint32_t abi)
{
    static const ub_cuda_api api = {UB_CUDA_ABI, probe,   model_new, model_free, queue_new,
                                    queue_free,  prepare, run,       abandon};
    return abi == UB_CUDA_ABI ? &api : NULL;
}
