// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/native.h"

#include "model/file/error.h"
#include "model/backend/native/images.h"
#include "model/backend/native/decoder.h"
#include "model/backend/native/encoder.h"
#include "model/backend/native/trail.h"

#include <omp.h>

#define PLANS     8U  ///< Made for different frames, then the one unused for longest gives way
#define HALF_GAIN 1.2 ///< For less, the precision is not given up

struct ub_runner_s {
    const ub_model* model;
    ub_dnn_store* store;
    ub_conv_store* own; ///< NULL in bfloat16
    dnnl_stream_t stream;
    bool half;
    ub_images images[UB_DNN_WINDOWS]; ///< One for each item; more than one when first needed
    uint32_t n_images;
    float* raw;
    void* scratch;
    size_t scratch_size;
    ub_dnn_plan plans[PLANS];
    uint64_t uses;
};

static bool
grow_scratch(ub_runner* self, size_t size)
{
    void* scratch = size > self->scratch_size ? ub_page_alloc(size) : NULL;
    if (scratch) { // without, what there is still serves the smaller plans
        free(self->scratch);
        self->scratch = scratch;
        self->scratch_size = size;
    }
    return self->scratch_size >= size;
}

/// The plan for these frames, the calling thread's number of threads, and windows of
/// a stream whose last ones are known, or not
static ub_dnn_plan*
find_plan(ub_runner* self, uint32_t first, uint32_t count, const ub_reuse* reuse)
{
    ub_dnn_plan* oldest = self->plans;
    const int threads = omp_get_max_threads();
    for (ub_dnn_plan* p = self->plans; p < self->plans + PLANS; ++p) {
        if (p->frames.count == count && p->frames.first == first && p->threads == threads &&
            (!reuse || p->step == reuse->step)) {
            p->used = ++self->uses;
            return p;
        }
        oldest = p->used < oldest->used ? p : oldest;
    }
    ub_dnn_plan_clear(oldest);
    if (!ub_dnn_plan_make(oldest, &self->model->net, self->store, self->own, UB_DNN_WINDOWS,
                          self->half, first, count, reuse) ||
        !grow_scratch(self, oldest->scratch)) {
        ub_dnn_plan_clear(oldest);
        return NULL;
    }
    oldest->used = ++self->uses;
    return oldest;
}

static bool
grow_images(ub_runner* self, uint32_t n)
{
    while (self->n_images < n) {
        ub_images* images = &self->images[self->n_images];
        for (uint32_t i = 0; self->own && i < UB_MAX_LAYERS; ++i) {
            images->split[i] = self->own->decoder[i];
        }
        if (!ub_images_make(images, &self->model->net, self->half, self->raw)) {
            ub_images_free(images);
            *images = (ub_images){0};
            return false;
        }
        ++self->n_images;
    }
    return true;
}

static bool
encode(ub_runner* self, const ub_dnn_plan* plan, const ub_item* items, uint32_t n)
{
    ub_dnn_window windows[UB_DNN_WINDOWS];
    for (uint32_t k = 0; k < n; ++k) {
        windows[k] = (ub_dnn_window){.images = &self->images[k], .item = &items[k]};
    }
    return ub_dnn_encode(plan, self->stream, self->scratch, windows, n);
}

static bool
decode(ub_runner* self, const ub_dnn_plan* plan, const ub_item* items, uint32_t n)
{
    ub_dnn_passage passages[UB_DNN_WINDOWS];
    for (uint32_t k = 0; k < n; ++k) {
        passages[k] = (ub_dnn_passage){&items[k], &self->images[k], NULL};
    }
    return ub_dnn_decode(plan, self->stream, self->scratch, passages, n);
}

/// Items with the same encoder outputs, one after the other
static bool
run_sharing(ub_runner* self, const ub_dnn_plan* plan, const ub_item* items, uint32_t n)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < n; ++i) {
        if (!i || items[i].input != items[i - 1].input) {
            ok = encode(self, plan, &items[i], 1);
        }
        ok = ok && decode(self, plan, &items[i], 1);
    }
    return ok;
}

static bool
onednn_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    const ub_reuse* reuse = items[0].trail ? ub_trail_reuse(items[0].trail) : NULL;
    const ub_dnn_plan* plan = find_plan(self, first, count, reuse);
    if (!plan || ub_encoder_is_plain(&self->model->net)) {
        return plan && run_sharing(self, plan, items, n);
    }
    bool ok = grow_images(self, n < UB_DNN_WINDOWS ? n : UB_DNN_WINDOWS);
    for (uint32_t i = 0; ok && i < n; i += UB_DNN_WINDOWS) {
        const uint32_t some = n - i < UB_DNN_WINDOWS ? n - i : UB_DNN_WINDOWS;
        ok = encode(self, plan, items + i, some) && decode(self, plan, items + i, some);
    }
    return ok;
}

static void
onednn_destroy(ub_runner* self)
{
    if (!self) {
        return;
    }
    for (uint32_t i = 0; i < PLANS; ++i) {
        ub_dnn_plan_clear(&self->plans[i]);
    }
    if (self->stream) {
        dnnl_stream_destroy(self->stream);
    }
    ub_packed_put(self->store);
    ub_packed_put(self->own);
    for (uint32_t i = 0; i < self->n_images; ++i) {
        ub_images_free(&self->images[i]);
    }
    free(self->raw);
    free(self->scratch);
    ub_model_unref(self->model);
    free(self);
}

static bool
make_ready(ub_runner* self)
{
    const ub_network* net = &self->model->net;
    self->store = (ub_dnn_store*)ub_packed_get(self->model, &ub_dnn_packing);
    if (!self->half) {
        self->own = (ub_conv_store*)ub_packed_get(self->model, &ub_conv_packing);
    }
    if (!self->store || (!self->half && !self->own) ||
        dnnl_stream_create(&self->stream, ub_dnn_store_engine(self->store),
                           dnnl_stream_default_flags) != dnnl_success) {
        return false;
    }
    const ub_dnn_plan* whole = find_plan(self, 0, net->frames, NULL);
    self->raw = whole ? ub_raw_make(&whole->frames) : NULL;
    return self->raw && grow_images(self, 1);
}

static ub_runner*
create(const ub_model* model, bool half, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    if (self) {
        self->half = half;
        self->model = ub_model_ref(model);
    }
    if (!self || !make_ready(self)) {
        ub_error(err, err_size, "%s: oneDNN cannot run this network, or is out of memory",
                 model->path);
        onednn_destroy(self);
        return NULL;
    }
    return self;
}

static ub_runner*
create_single(const ub_model* model, char* err, size_t err_size)
{
    return create(model, false, err, err_size);
}

static ub_runner*
create_half(const ub_model* model, char* err, size_t err_size)
{
    return create(model, true, err, err_size);
}

static ub_trail*
single_trail_new(const ub_model* model, uint32_t step, uint32_t conditions)
{
    return ub_trail_new(model, step, conditions, sizeof(float));
}

static ub_trail*
half_trail_new(const ub_model* model, uint32_t step, uint32_t conditions)
{
    return ub_trail_new(model, step, conditions, sizeof(uint16_t));
}

static bool
single_available(void)
{
    return true;
}

static bool
half_available(void)
{
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

#define SHARED .run = onednn_run, .destroy = onednn_destroy, .trail_free = ub_trail_free

const ub_backend ub_backend_onednn = {
    .name = "onednn",
    .about = "oneDNN, single precision",
    .available = single_available,
    .create = create_single,
    .trail_new = single_trail_new,
    SHARED,
};

const ub_backend ub_backend_onednn_bf16 = {
    .name = "onednn-bf16",
    .about = "oneDNN, bfloat16",
    .available = half_available,
    .create = create_half,
    .trail_new = half_trail_new,
    .gain = HALF_GAIN,
    SHARED,
};
