// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/native.h"

#include "model/backend/native/run.h"
#include "model/conv/level.h"
#include "model/file/error.h"

#include <stdlib.h>

/// That have memory of their own at a time: of all networks of a model, so that all may be encoded
/// before any is decoded
#define MOST_WINDOWS (2 * UB_WINDOWS)

/// Windows of one generic network that go through it together
typedef struct {
    ub_native_plan plan;
    ub_native_window window[UB_WINDOWS];
    uint32_t n;
    bool plain; ///< All of one input, whose encoder's images are those of all
} group;

struct ub_runner_s {
    const ub_model* model;
    ub_native_store* store;
    float* memory[MOST_WINDOWS]; ///< One for each window; more than one when first needed
    uint32_t windows;
    size_t window_size; ///< Bytes
    void* scratch;
    group groups[MOST_WINDOWS]; ///< Encoded, and to be decoded
    uint32_t n_groups;
    uint32_t taken; ///< Of memory, by those
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

/// The next items of one of the networks, from item `at` on, that go together.  Returns the item
/// after those looked at.
static uint32_t
next_group(const ub_item* items, uint32_t n, uint32_t at, uint32_t unet, group* g)
{
    g->n = 0;
    for (; at < n && g->n < UB_WINDOWS; ++at) {
        const bool other = g->plain && g->n && items[at].input != g->window[0].item->input;
        if (items[at].folded->unet == unet && other) {
            return at;
        }
        if (items[at].folded->unet == unet) {
            g->window[g->n++] = (ub_native_window){.item = &items[at]};
        }
    }
    return at;
}

static void
decode_groups(ub_runner* self)
{
    for (uint32_t i = 0; i < self->n_groups; ++i) {
        group* g = &self->groups[i];
        for (uint32_t k = 0; g->plain && k < g->n; ++k) { // each in the memory of the one before
            ub_native_decode(&g->plan, self->scratch, &g->window[k], 1);
        }
        if (!g->plain) {
            ub_native_decode(&g->plan, self->scratch, g->window, g->n);
        }
    }
    self->n_groups = 0;
    self->taken = 0;
}

/// False: no memory
static bool
encode_group(ub_runner* self, const group* listed)
{
    const uint32_t needed = listed->plain ? 1 : listed->n;
    if (self->taken + needed > MOST_WINDOWS) {
        decode_groups(self);
    }
    if (!grow(self, self->taken + needed)) {
        return false;
    }
    group* g = &self->groups[self->n_groups++];
    *g = *listed;
    for (uint32_t k = 0; k < needed; ++k) {
        g->window[k].memory = self->memory[self->taken++];
    }
    ub_native_encode(&g->plan, self->scratch, g->window, needed);
    for (uint32_t k = needed; k < g->n; ++k) {
        const ub_item* item = g->window[k].item;
        g->window[k] = g->window[0];
        g->window[k].item = item;
    }
    return true;
}

/// Encode the items of one of the generic networks; with `whole` decode them, too
static bool
encode_net(ub_runner* self, uint32_t unet, const ub_item* items, uint32_t n, ub_span mask,
           bool whole)
{
    const ub_steps* steps = &self->model->steps[unet];
    group g = {.plain = ub_encoder_is_plain(steps)};
    uint32_t at = next_group(items, n, 0, unet, &g);
    bool ok = true;
    if (g.n) {
        const ub_trail* trail = g.window[0].item->trail;
        ub_native_plan_make(&g.plan, steps, &self->store->net[unet], mask,
                            trail ? ub_trail_reuse(trail, unet) : NULL);
    }
    while (ok && g.n) {
        ok = encode_group(self, &g);
        if (whole) {
            decode_groups(self);
        }
        at = next_group(items, n, at, unet, &g);
    }
    return ok;
}

static bool
encode_all(ub_runner* self, const ub_item* items, uint32_t n, ub_span mask, bool whole)
{
    bool ok = true;
    for (uint32_t unet = 0; ok && unet < self->model->net.unets; ++unet) {
        ok = encode_net(self, unet, items, n, mask, whole);
    }
    if (!ok) {
        self->n_groups = 0;
        self->taken = 0;
    }
    return ok;
}

static bool
native_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    return encode_all(self, items, n, (ub_span){first, count}, true);
}

static bool
native_begin(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    return encode_all(self, items, n, (ub_span){first, count}, false);
}

static bool
native_finish(ub_runner* self)
{
    decode_groups(self);
    return true;
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
    .begin = native_begin,
    .finish = native_finish,
    .destroy = native_destroy,
    .trail_new = ub_trail_new,
    .trail_free = ub_trail_free,
};
