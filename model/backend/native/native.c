// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/native.h"

#include "model/backend/native/run.h"
#include "model/conv/level.h"
#include "model/file/error.h"

#include <stdlib.h>

struct ub_runner_s {
    const ub_model* model;
    ub_native_store* store;
    float* memory[UB_WINDOWS]; ///< One for each item; more than one when first needed
    uint32_t windows;
    size_t window_size; ///< Bytes
    void* scratch;
};

static bool
grow(ub_runner* self, uint32_t windows)
{
    while (self->windows < windows) {
        float* memory = (float*)ub_page_alloc(self->window_size);
        if (!memory) {
            return false;
        }
        self->memory[self->windows++] = memory;
    }
    return true;
}

/// Items that share their encoder's images where they have the same input
static void
run_sharing(ub_runner* self, const ub_native_plan* plan, const ub_item* const* items, uint32_t n)
{
    for (uint32_t i = 0; i < n; ++i) {
        ub_native_window window = {.memory = self->memory[0], .item = items[i]};
        if (!i || items[i]->input != items[i - 1]->input) {
            ub_native_encode(plan, self->scratch, &window, 1);
        }
        ub_native_decode(plan, self->scratch, &window, 1);
    }
}

/// At most as many items as there may be windows
static bool
run_together(ub_runner* self, const ub_native_plan* plan, const ub_item* const* items, uint32_t n)
{
    ub_native_window windows[UB_WINDOWS];
    if (ub_encoder_is_plain(plan->steps)) {
        run_sharing(self, plan, items, n);
        return true;
    }
    if (!grow(self, n)) {
        return false;
    }
    for (uint32_t k = 0; k < n; ++k) {
        windows[k] = (ub_native_window){.memory = self->memory[k], .item = items[k]};
    }
    ub_native_encode(plan, self->scratch, windows, n);
    ub_native_decode(plan, self->scratch, windows, n);
    return true;
}

/// The items of one of the generic networks
static bool
run_net(ub_runner* self, uint32_t unet, const ub_item* items, uint32_t n, ub_span mask)
{
    const ub_item* some[UB_WINDOWS];
    ub_native_plan plan;
    uint32_t count = 0;
    bool ok = true;
    for (uint32_t i = 0; ok && i < n; ++i) {
        const ub_item* item = &items[i];
        if (item->folded->unet == unet) {
            if (!count) {
                ub_native_plan_make(&plan, &self->model->steps[unet], &self->store->net[unet], mask,
                                    item->trail ? ub_trail_reuse(item->trail, unet) : NULL);
            }
            some[count++] = item;
        }
        if (count && (count == UB_WINDOWS || i + 1 == n)) {
            ok = run_together(self, &plan, some, count);
            count = 0;
        }
    }
    return ok;
}

static bool
native_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    bool ok = true;
    for (uint32_t unet = 0; ok && unet < self->model->net.unets; ++unet) {
        ok = run_net(self, unet, items, n, (ub_span){first, count});
    }
    return ok;
}

static void
native_destroy(ub_runner* self)
{
    if (!self) {
        return;
    }
    for (uint32_t i = 0; i < self->windows; ++i) {
        free(self->memory[i]);
    }
    ub_packed_put(self->store);
    free(self->scratch);
    ub_model_unref(self->model);
    free(self);
}

/// What any of the networks needs.  Returns bytes of scratch memory.
static size_t
measure(ub_runner* self)
{
    size_t most = 0;
    for (uint32_t i = 0; i < self->model->net.unets; ++i) {
        const ub_steps* steps = &self->model->steps[i];
        const ub_native_net* net = &self->store->net[i];
        const size_t size = sizeof(float) * net->layout.size;
        self->window_size = size > self->window_size ? size : self->window_size;
        for (uint32_t k = 0; k < steps->n; ++k) {
            const size_t scratch =
                ub_conv_scratch(net->conv[k], UB_WINDOWS, steps->step[k].layer->out_size[0]);
            most = scratch > most ? scratch : most;
        }
    }
    return most;
}

static bool
make_ready(ub_runner* self)
{
    self->store = (ub_native_store*)ub_packed_get(self->model, &ub_native_packing);
    if (self->store) {
        self->scratch = ub_page_alloc(measure(self));
    }
    return self->scratch && grow(self, 1);
}

static ub_runner*
native_create(const ub_model* model, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    if (self) {
        self->model = ub_model_ref(model);
    }
    if (!self || !make_ready(self)) {
        ub_error(err, err_size, "%s: out of memory", model->path);
        native_destroy(self);
        return NULL;
    }
    return self;
}

static bool
native_available(void)
{
    return true;
}

const char*
ub_native_level(char* err, size_t err_size)
{
    return ub_level(err, err_size);
}

const ub_backend ub_backend_native = {
    .name = "native",
    .about = "the processor, single precision",
    .available = native_available,
    .create = native_create,
    .run = native_run,
    .destroy = native_destroy,
    .trail_new = ub_trail_new,
    .trail_free = ub_trail_free,
};
