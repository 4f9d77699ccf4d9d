// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  An unbraid_cuda.so that needs no GPU: it runs programs on the host, with the index
  arithmetic that the kernels use, rounding to bfloat16 where they do.  So the golden
  tests check programs and index arithmetic anywhere.

  The environment's UNBRAID_STANDIN makes it fail: "none" has no device, "load" no
  memory for weights, "memory:N" none for the Nth preparation, "error:N" loses the
  device in run N, "hang:N" never ends run N.  Use of the device after it was lost ends
  the program: it must not be tried again.
*/

#include "model/cuda/abi.h"
#include "model/cuda/finish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PLANS 64

struct ub_cuda_model_s {
    ub_cuda_precision precision;
    uint32_t n;
    float* weights[UB_CUDA_LAYERS * UB_CUDA_PHASES];
};

struct ub_cuda_queue_s {
    const ub_cuda_model* model;
    int plans;
    const ub_cuda_program* program[PLANS];
    uint32_t items[PLANS];
};

static int lost;
static unsigned prepared;
static unsigned runs;

/// Whether this is the moment to fail in this way: "WAY" at any time, "WAY:N" at N
static int
fails(const char* way, unsigned now)
{
    const char* asked = getenv("UNBRAID_STANDIN");
    const size_t n = strlen(way);
    if (!asked || strncmp(asked, way, n)) {
        return 0;
    }
    return !asked[n] || (asked[n] == ':' && (unsigned)atoi(asked + n + 1) == now);
}

static void
check_device(const char* what)
{
    if (lost) {
        fprintf(stderr, "standin: %s on a lost device\n", what);
        abort();
    }
}

static int
fail(char* err, const char* why)
{
    snprintf(err, UB_CUDA_TEXT, "%s", why);
    return 0;
}

static int
probe(char* about, char* err)
{
    if (fails("none", 0)) {
        return fail(err, "no CUDA-capable device is detected");
    }
    snprintf(about, UB_CUDA_TEXT, "stand-in for tests, 0 GB");
    return 1;
}

/// As the device would keep it
static float
keep(ub_cuda_precision precision, float x)
{
    if (precision == UB_CUDA_BF16) {
        uint32_t bits = 0;
        memcpy(&bits, &x, sizeof(bits));
        bits += 0x7FFFU + (bits >> 16 & 1U); // to nearest, ties to even
        bits &= 0xFFFF0000U;
        memcpy(&x, &bits, sizeof(x));
    }
    return x;
}

static void
model_free(ub_cuda_model* model)
{
    check_device("model_free");
    for (uint32_t i = 0; i < model->n; ++i) {
        free(model->weights[i]);
    }
    free(model);
}

static ub_cuda_model*
model_new(const ub_cuda_weights* weights, uint32_t n, ub_cuda_precision precision, char* err)
{
    check_device("model_new");
    if (fails("load", 0)) {
        fail(err, "out of memory");
        return NULL;
    }
    ub_cuda_model* model = (ub_cuda_model*)calloc(1, sizeof(ub_cuda_model));
    model->precision = precision;
    model->n = n;
    for (uint32_t i = 0; i < n; ++i) {
        model->weights[i] = (float*)malloc((weights[i].size + 1) * sizeof(float));
        for (size_t k = 0; k < weights[i].size; ++k) {
            model->weights[i][k] = keep(precision, weights[i].values[k]);
        }
    }
    return model;
}

static ub_cuda_queue*
queue_new(ub_cuda_model* model, char* err)
{
    (void)err;
    check_device("queue_new");
    ub_cuda_queue* queue = (ub_cuda_queue*)calloc(1, sizeof(ub_cuda_queue));
    queue->model = model;
    return queue;
}

static void
queue_free(ub_cuda_queue* queue)
{
    check_device("queue_free");
    free(queue);
}

static int
prepare(ub_cuda_queue* queue, const ub_cuda_program* program, uint32_t n, char* err)
{
    check_device("prepare");
    if (fails("memory", ++prepared)) {
        fail(err, "out of memory");
        return -1;
    }
    int plan = 0;
    while (plan < queue->plans && queue->program[plan] != program) {
        ++plan;
    }
    queue->plans += plan == queue->plans;
    queue->program[plan] = program;
    queue->items[plan] = n;
    return plan;
}

/** A convolution of one item. */
typedef struct {
    const ub_cuda_conv* conv;
    const float* in; ///< Its first frame
    const float* weights;
    float* out;
} task;

static const float*
pixel_in(const task* t, uint32_t row, uint32_t column)
{
    return t->in + ((size_t)row * t->conv->in_size[1] + column) * t->conv->inputs;
}

static float*
pixel_out(const task* t, uint32_t row, uint32_t column)
{
    return t->out + ((size_t)row * t->conv->out_size[1] + column) * t->conv->filters;
}

/// out[r][c][f] = sum of weights[f][j][k][i] in[r * stride + j - pad][...][i]
static void
convolve(const task* t, uint32_t row, uint32_t column)
{
    const ub_cuda_conv* c = t->conv;
    float* out = pixel_out(t, row, column);
    for (uint32_t jk = 0; jk < c->kernel[0] * c->kernel[1]; ++jk) {
        const uint32_t y = row * c->stride[0] + jk / c->kernel[1] - c->pad[0];
        const uint32_t x = column * c->stride[1] + jk % c->kernel[1] - c->pad[1];
        if (y >= c->in_size[0] || x >= c->in_size[1]) {
            continue;
        }
        const float* in = pixel_in(t, y, x);
        for (uint32_t f = 0; f < c->filters; ++f) {
            const float* w =
                t->weights + ((size_t)f * c->kernel[0] * c->kernel[1] + jk) * c->inputs;
            for (uint32_t i = 0; i < c->inputs; ++i) {
                out[f] += w[i] * in[i];
            }
        }
    }
}

/// out[r * stride + j][...][f] += sum of weights[i][j][k][f] in[r][c][i]
static void
spread(const task* t, uint32_t row, uint32_t column)
{
    const ub_cuda_conv* c = t->conv;
    const float* in = pixel_in(t, row, column);
    for (uint32_t jk = 0; jk < c->kernel[0] * c->kernel[1]; ++jk) {
        float* out = pixel_out(t, row * c->stride[0] + jk / c->kernel[1],
                               column * c->stride[1] + jk % c->kernel[1]);
        for (uint32_t i = 0; i < c->inputs; ++i) {
            const float* w =
                t->weights + ((size_t)i * c->kernel[0] * c->kernel[1] + jk) * c->filters;
            for (uint32_t f = 0; f < c->filters; ++f) {
                out[f] += w[f] * in[i];
            }
        }
    }
}

static void
run_conv(const ub_cuda_model* model, const ub_cuda_image* image, const ub_cuda_conv* conv,
         const float* in, float* raw, uint32_t n)
{
    const size_t out_size = (size_t)conv->out_size[0] * conv->out_size[1] * conv->filters;
    const uint32_t* size = conv->transposed ? conv->in_size : conv->out_size;
    memset(raw + conv->raw * n, 0, n * out_size * sizeof(float));
    for (uint32_t item = 0; item < n; ++item) {
        const size_t first = (size_t)item * image->frames + conv->in_first;
        const task t = {conv, in + first * image->bins * image->channels,
                        model->weights[conv->weights], raw + conv->raw * n + item * out_size};
        for (uint32_t i = 0; i < size[0] * size[1]; ++i) {
            (conv->transposed ? spread : convolve)(&t, i / size[1], i % size[1]);
        }
        for (size_t i = 0; i < out_size; ++i) {
            t.out[i] = keep(model->precision, t.out[i]);
        }
    }
}

static void
finish(const ub_cuda_queue* queue, const ub_cuda_program* program, const ub_cuda_layer* layer,
       float** images, const float* raw, const ub_cuda_item* items, uint32_t n)
{
    for (size_t i = 0; i < ub_cuda_points(layer, n); ++i) {
        const ub_cuda_point p = ub_cuda_point_at(layer, i);
        const float y = ub_cuda_finish(layer, items[p.item].finish, p.channel,
                                       raw[ub_cuda_raw_at(layer, p, n)]);
        for (uint32_t k = 0; k < layer->n_targets; ++k) {
            const ub_cuda_target* target = &layer->target[k];
            if (target->image == UB_CUDA_MASK) {
                items[p.item].mask[ub_cuda_mask_at(layer, (ub_cuda_point){0, p.frame, p.bin,
                                                                          p.channel})] = y;
            } else {
                images[target->image][ub_cuda_image_at(layer, &program->image[target->image],
                                                       target, p)] = keep(queue->model->precision, y);
            }
        }
    }
}

static void
load_inputs(const ub_cuda_queue* queue, const ub_cuda_program* program, float* image,
            const ub_cuda_item* items, uint32_t n)
{
    const ub_cuda_image* shape = &program->image[0];
    const size_t size = (size_t)shape->frames * shape->bins * shape->channels;
    static const uint32_t slot = 0;
    for (size_t i = 0; i < n * size; ++i) {
        const size_t at = ub_cuda_input_at(program, &slot, i % size);
        image[i] = at == SIZE_MAX ? 0.0f : keep(queue->model->precision, items[i / size].input[at]);
    }
}

static void
compute(const ub_cuda_queue* queue, const ub_cuda_program* program, const ub_cuda_item* items,
        uint32_t n)
{
    float* images[UB_CUDA_LAYERS] = {NULL};
    float* raw = (float*)malloc(program->raw * n * sizeof(float));
    for (uint32_t i = 0; i < program->layers; ++i) {
        const ub_cuda_image* shape = &program->image[i];
        images[i] = (float*)calloc((size_t)n * shape->frames * shape->bins * shape->channels,
                                   sizeof(float));
    }
    load_inputs(queue, program, images[0], items, n);
    for (uint32_t i = 0; i < program->layers; ++i) {
        const ub_cuda_layer* layer = &program->layer[i];
        for (uint32_t k = 0; k < layer->n_convs; ++k) {
            run_conv(queue->model, &program->image[i], &layer->conv[k], images[i], raw, n);
        }
        finish(queue, program, layer, images, raw, items, n);
    }
    for (uint32_t i = 0; i < program->layers; ++i) {
        free(images[i]);
    }
    free(raw);
}

static int
run(ub_cuda_queue* queue, int plan, const ub_cuda_item* items, uint32_t n, double timeout,
    char* err)
{
    check_device("run");
    ++runs;
    if (fails("error", runs)) {
        lost = 1;
        return fail(err, "an illegal memory access was encountered");
    }
    if (fails("hang", runs)) {
        lost = 1;
        nanosleep(&(struct timespec){(time_t)timeout, 0}, NULL);
        return fail(err, "no answer from the device in time");
    }
    if (n > queue->items[plan]) {
        return fail(err, "more items than it was made ready for");
    }
    compute(queue, queue->program[plan], items, n);
    return 1;
}

static void
abandon(ub_cuda_queue* queue)
{
    free(queue);
}

__attribute__((visibility("default"))) const ub_cuda_api* ub_cuda_open(uint32_t abi);

const ub_cuda_api*
ub_cuda_open(uint32_t abi)
{
    static const ub_cuda_api api = {UB_CUDA_ABI, probe,   model_new, model_free, queue_new,
                                    queue_free,  prepare, run,       abandon};
    return abi == UB_CUDA_ABI ? &api : NULL;
}
