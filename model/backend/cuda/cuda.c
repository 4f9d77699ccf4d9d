// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/cuda.h"

#include "model/backend/cuda/library.h"
#include "model/backend/cuda/program.h"
#include "model/backend/cuda/up.h"
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

/** What runs one of the model's U-Nets.  Images of different ones cannot share memory: zeros stay
    where channels fill no lane. */
typedef struct {
    const ub_steps* steps;
    ub_cuda_model* weights;
    ub_cuda_queue* queue;
    plan plans[PLANS];
    uint32_t n_plans;
    uint32_t finish_size; ///< Values of one item
} net;

struct ub_runner_s {
    const ub_cuda_api* api;
    const ub_model* model;
    net* nets;     ///< [model->net.unets]
    float* finish; ///< [UB_CUDA_BATCH][the largest finish_size]
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
fail(ub_runner* self, const net* u)
{
    self->failed = true;
    if (self->api->lost(u->queue)) {
        ub_cuda_library_lose(self->why);
    }
    return false;
}

static plan*
find_plan(ub_runner* self, net* u, ub_span mask)
{
    for (uint32_t i = 0; i < u->n_plans; ++i) {
        if (u->plans[i].first == mask.first && u->plans[i].count == mask.count) {
            return &u->plans[i];
        }
    }
    if (u->n_plans == PLANS) {
        snprintf(self->why, sizeof(self->why), "more than %u spans of frames", PLANS);
        return NULL;
    }
    plan* p = &u->plans[u->n_plans];
    *p = (plan){.first = mask.first, .count = mask.count, .number = -1};
    p->program = ub_cuda_program_new(u->steps, mask);
    if (!p->program) {
        snprintf(self->why, sizeof(self->why), "out of memory");
        return NULL;
    }
    ++u->n_plans;
    return p;
}

static plan*
ready_plan(ub_runner* self, net* u, uint32_t n, ub_span mask)
{
    plan* p = find_plan(self, u, mask);
    if (p && p->items < n) {
        p->number = self->api->prepare(u->queue, p->program, n, self->why);
        p->items = p->number >= 0 ? n : 0;
    }
    return p && p->number >= 0 ? p : NULL;
}

static bool
run_some(ub_runner* self, net* u, const ub_item* const* items, uint32_t n, uint32_t most,
         ub_span mask)
{
    ub_cuda_item list[UB_CUDA_BATCH];
    const plan* p = ready_plan(self, u, most, mask);
    int urgent = 0;
    for (uint32_t i = 0; i < n; ++i) {
        float* finish = self->finish + (size_t)i * u->finish_size;
        ub_cuda_finish_values(u->steps, items[i]->folded, finish);
        list[i] = (ub_cuda_item){items[i]->input, finish, items[i]->mask};
        urgent = urgent || !items[i]->offline;
    }
    return p && self->api->run(u->queue, p->number, list, n, urgent, TIMEOUT, self->why);
}

/// The items of one U-Net
static bool
run_net(ub_runner* self, uint32_t unet, const ub_item* items, uint32_t n, ub_span mask)
{
    const ub_item* some[UB_CUDA_BATCH];
    const uint32_t most = n < UB_CUDA_BATCH ? n : UB_CUDA_BATCH;
    uint32_t count = 0;
    bool ok = true;
    for (uint32_t i = 0; ok && i < n; ++i) {
        if (items[i].folded->unet == unet) {
            some[count++] = &items[i];
        }
        if (count && (count == UB_CUDA_BATCH || i + 1 == n)) {
            ok = run_some(self, &self->nets[unet], some, count, most, mask);
            count = 0;
        }
    }
    return ok || fail(self, &self->nets[unet]);
}

static bool
cuda_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    bool ok = !self->failed;
    for (uint32_t i = 0; ok && i < self->model->net.unets; ++i) {
        ok = run_net(self, i, items, n, (ub_span){first, count});
    }
    return ok;
}

static const char*
cuda_fault(const ub_runner* self)
{
    return *self->why ? self->why : NULL;
}

static void
clear_net(const ub_runner* self, net* u)
{
    if (u->queue && (self->api->lost(u->queue) || !ub_cuda_library(NULL))) {
        self->api->abandon(u->queue);
    } else if (u->queue) {
        self->api->queue_free(u->queue);
    }
    if (u->weights) {
        ub_cuda_weights_put(u->weights);
    }
    for (uint32_t i = 0; i < u->n_plans; ++i) {
        free(u->plans[i].program);
    }
}

static void
cuda_destroy(ub_runner* self)
{
    if (!self) {
        return;
    }
    for (uint32_t i = 0; self->nets && i < self->model->net.unets; ++i) {
        clear_net(self, &self->nets[i]);
    }
    free(self->nets);
    free(self->finish);
    ub_model_unref(self->model);
    free(self);
}

static bool
make_net(ub_runner* self, uint32_t unet, ub_cuda_precision precision)
{
    net* u = &self->nets[unet];
    u->weights = ub_cuda_weights_get(self->model, unet, precision, self->why);
    u->queue =
        u->weights ? self->api->queue_new(u->weights, ub_cuda_wants_fused(), self->why) : NULL;
    if (!u->queue || !ready_plan(self, u, 1, (ub_span){0, self->model->net.frames})) {
        return u->queue && fail(self, u);
    }
    return true;
}

static bool
allocate(ub_runner* self)
{
    const uint32_t n = self->model->net.unets;
    uint32_t most = 0;
    self->nets = (net*)calloc(n, sizeof(net));
    for (uint32_t i = 0; self->nets && i < n; ++i) {
        net* u = &self->nets[i];
        u->steps = &self->model->steps[i];
        u->finish_size = ub_cuda_finish_size(u->steps);
        most = u->finish_size > most ? u->finish_size : most;
    }
    self->finish = (float*)malloc(sizeof(float) * UB_CUDA_BATCH * most);
    return self->nets && self->finish;
}

static bool
make_ready(ub_runner* self, ub_cuda_precision precision)
{
    self->api = ub_cuda_library(self->why);
    bool made = self->api;
    for (uint32_t i = 0; made && i < self->model->net.unets; ++i) {
        made = make_net(self, i, precision);
    }
    return made;
}

static ub_runner*
create(const ub_model* model, ub_cuda_precision precision, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    if (self) {
        self->model = ub_model_ref(model);
        snprintf(self->why, sizeof(self->why), "out of memory");
    }
    if (!self || !allocate(self) || !make_ready(self, precision)) {
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
