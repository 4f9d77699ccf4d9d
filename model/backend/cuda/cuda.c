// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/cuda.h"

#include "model/backend/cuda/library.h"
#include "model/backend/cuda/program.h"
#include "model/file/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLANS   64U ///< Different spans of frames, a few for each response setting
#define TIMEOUT 2.0 ///< s that a run may take before the device counts as lost

typedef struct {
    uint32_t first;
    uint32_t count;
    uint32_t items; ///< Most that it is ready for
    int number;
    ub_cuda_program* program;
} plan;

struct ub_runner_s {
    const ub_cuda_api* api;
    const ub_model* model;
    ub_cuda_model* weights;
    ub_cuda_queue* queue;
    plan plans[PLANS];
    uint32_t n_plans;
    uint32_t finish_size; ///< Values of one item
    float* finish;        ///< [UB_CUDA_BATCH][finish_size]
    bool failed;
    char why[UB_CUDA_TEXT]; ///< The last run failed
};

const ub_cuda_devices*
ub_cuda_list(char* why)
{
    return ub_cuda_library(why) ? ub_cuda_library_devices() : NULL;
}

static bool
cuda_available(void)
{
    return ub_cuda_library(NULL);
}

/// A run has failed.  If it was the device that did, nothing of it can be relied on, for
/// anyone.
static bool
fail(ub_runner* self)
{
    self->failed = true;
    if (self->api->lost(self->queue)) {
        ub_cuda_library_lose(self->why);
    }
    return false;
}

static plan*
find_plan(ub_runner* self, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < self->n_plans; ++i) {
        if (self->plans[i].first == first && self->plans[i].count == count) {
            return &self->plans[i];
        }
    }
    if (self->n_plans == PLANS) {
        snprintf(self->why, sizeof(self->why), "more than %u spans of frames", PLANS);
        return NULL;
    }
    plan* p = &self->plans[self->n_plans];
    *p = (plan){.first = first, .count = count, .number = -1};
    p->program = ub_cuda_program_new(&self->model->net, first, count);
    if (!p->program) {
        snprintf(self->why, sizeof(self->why), "out of memory");
        return NULL;
    }
    ++self->n_plans;
    return p;
}

static plan*
ready_plan(ub_runner* self, uint32_t n, uint32_t first, uint32_t count)
{
    plan* p = find_plan(self, first, count);
    if (p && p->items < n) {
        p->number = self->api->prepare(self->queue, p->program, n, self->why);
        p->items = p->number >= 0 ? n : 0;
    }
    return p && p->number >= 0 ? p : NULL;
}

static bool
run_some(ub_runner* self, const plan* p, const ub_item* items, uint32_t n)
{
    ub_cuda_item list[UB_CUDA_BATCH];
    int urgent = 0;
    for (uint32_t i = 0; i < n; ++i) {
        float* finish = self->finish + (size_t)i * self->finish_size;
        ub_cuda_finish_values(&self->model->net, items[i].folded, finish);
        list[i] = (ub_cuda_item){items[i].input, finish, items[i].mask};
        urgent = urgent || !items[i].offline;
    }
    return self->api->run(self->queue, p->number, list, n, urgent, TIMEOUT, self->why);
}

static bool
cuda_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    if (self->failed) {
        return false;
    }
    const uint32_t most = n < UB_CUDA_BATCH ? n : UB_CUDA_BATCH;
    const plan* p = ready_plan(self, most, first, count);
    bool ok = p;
    for (uint32_t i = 0; ok && i < n; i += most) {
        ok = run_some(self, p, items + i, n - i < most ? n - i : most);
    }
    return ok || fail(self);
}

static const char*
cuda_fault(const ub_runner* self)
{
    return *self->why ? self->why : NULL;
}

static void
cuda_destroy(ub_runner* self)
{
    if (!self) {
        return;
    }
    if (self->queue && (self->api->lost(self->queue) || !ub_cuda_library(NULL))) {
        self->api->abandon(self->queue);
    } else if (self->queue) {
        self->api->queue_free(self->queue);
    }
    if (self->weights) {
        ub_cuda_weights_put(self->weights);
    }
    for (uint32_t i = 0; i < self->n_plans; ++i) {
        free(self->plans[i].program);
    }
    free(self->finish);
    ub_model_unref(self->model);
    free(self);
}

static bool
make_ready(ub_runner* self, ub_cuda_precision precision)
{
    self->api = ub_cuda_library(self->why);
    self->weights = self->api ? ub_cuda_weights_get(self->model, precision, self->why) : NULL;
    self->queue = self->weights
                      ? self->api->queue_new(self->weights, ub_cuda_wants_fused(), self->why)
                      : NULL;
    if (!self->queue || !ready_plan(self, 1, 0, self->model->net.frames)) {
        return self->queue && fail(self);
    }
    return true;
}

static ub_runner*
create(const ub_model* model, ub_cuda_precision precision, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    if (self) {
        self->model = ub_model_ref(model);
        self->finish_size = ub_cuda_finish_size(&model->net);
        self->finish = (float*)malloc(sizeof(float) * UB_CUDA_BATCH * self->finish_size);
        snprintf(self->why, sizeof(self->why), "%s",
                 model->net.version > 1 ? "it is of format version 2" : "out of memory");
    }
    if (!self || model->net.version > 1 || !self->finish || !make_ready(self, precision)) {
        ub_error(err, err_size, "%s: CUDA cannot run this network: %s", model->path,
                 self ? self->why : "out of memory");
        cuda_destroy(self);
        return NULL;
    }
    *self->why = '\0';
    return self;
}

static ub_runner*
create_single(const ub_model* model, char* err, size_t err_size)
{
    return create(model, UB_CUDA_F32, err, err_size);
}

static ub_runner*
create_tf32(const ub_model* model, char* err, size_t err_size)
{
    return create(model, UB_CUDA_TF32, err, err_size);
}

static ub_runner*
create_bf16(const ub_model* model, char* err, size_t err_size)
{
    return create(model, UB_CUDA_BF16, err, err_size);
}

static ub_runner*
create_fp16(const ub_model* model, char* err, size_t err_size)
{
    return create(model, UB_CUDA_F16, err, err_size);
}

#define CUDA_BACKEND(its_name, its_about, its_create)                                            \
    {                                                                                            \
        .name = its_name, .about = its_about, .available = cuda_available, .create = its_create, \
        .run = cuda_run, .destroy = cuda_destroy, .batch = UB_CUDA_BATCH, .device = true,        \
        .fault = cuda_fault,                                                                     \
    }

const ub_backend ub_backend_cuda =
    CUDA_BACKEND("cuda", "NVIDIA GPU, single precision", create_single);
const ub_backend ub_backend_cuda_tf32 = CUDA_BACKEND("cuda-tf32", "NVIDIA GPU, TF32", create_tf32);
const ub_backend ub_backend_cuda_bf16 =
    CUDA_BACKEND("cuda-bf16", "NVIDIA GPU, bfloat16", create_bf16);
const ub_backend ub_backend_cuda_fp16 =
    CUDA_BACKEND("cuda-fp16", "NVIDIA GPU, half precision", create_fp16);
