// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/native.h"

#include "model/backend/native/decoder.h"
#include "model/backend/native/encoder.h"
#include "model/file/error.h"

#include <stdlib.h>

struct ub_runner_s {
    const ub_model* model;
    ub_native_store* store;
    ub_images images[UB_WINDOWS]; ///< One for each item; more than one when first needed
    uint32_t n_images;
    void* scratch;
};

static bool
grow_images(ub_runner* self, uint32_t n)
{
    while (self->n_images < n) {
        ub_images* images = &self->images[self->n_images];
        if (!ub_images_make(images, &self->model->net)) {
            ub_images_free(images);
            return false;
        }
        ++self->n_images;
    }
    return true;
}

/// Items that share their encoder outputs where they have the same input
static void
run_sharing(ub_runner* self, const ub_native_plan* plan, const ub_item* items, uint32_t n)
{
    for (uint32_t i = 0; i < n; ++i) {
        if (!i || items[i].input != items[i - 1].input) {
            ub_native_window window = {.images = self->images, .item = &items[i]};
            ub_native_encode(plan, self->scratch, &window, 1);
        }
        ub_native_decode(plan, self->scratch, &(ub_native_passage){&items[i], self->images}, 1);
    }
}

/// At most as many items as there are images
static void
run_together(ub_runner* self, const ub_native_plan* plan, const ub_item* items, uint32_t n)
{
    ub_native_window windows[UB_WINDOWS];
    ub_native_passage passages[UB_WINDOWS];
    for (uint32_t k = 0; k < n; ++k) {
        windows[k] = (ub_native_window){.images = &self->images[k], .item = &items[k]};
        passages[k] = (ub_native_passage){&items[k], &self->images[k]};
    }
    ub_native_encode(plan, self->scratch, windows, n);
    ub_native_decode(plan, self->scratch, passages, n);
}

static bool
native_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    const ub_network* net = &self->model->net;
    const ub_reuse* reuse = items[0].trail ? ub_trail_reuse(items[0].trail) : NULL;
    ub_native_plan plan;
    ub_native_plan_make(&plan, net, self->store, first, count, reuse);
    if (ub_encoder_is_plain(net)) {
        run_sharing(self, &plan, items, n);
        return true;
    }
    if (!grow_images(self, n < UB_WINDOWS ? n : UB_WINDOWS)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i += UB_WINDOWS) {
        run_together(self, &plan, items + i, n - i < UB_WINDOWS ? n - i : UB_WINDOWS);
    }
    return true;
}

static void
native_destroy(ub_runner* self)
{
    if (!self) {
        return;
    }
    for (uint32_t i = 0; i < self->n_images; ++i) {
        ub_images_free(&self->images[i]);
    }
    ub_packed_put(self->store);
    free(self->scratch);
    ub_model_unref(self->model);
    free(self);
}

/// Bytes of scratch memory that any layer needs
static size_t
scratch_size(const ub_network* net, const ub_native_store* store)
{
    size_t most = 0;
    for (uint32_t i = 0; i < net->unet[0].encoders + net->unet[0].decoders; ++i) {
        const bool down = i < net->unet[0].encoders;
        const uint32_t k = down ? i : i - net->unet[0].encoders;
        const ub_layer* l = down ? &net->unet[0].encoder[k] : &net->unet[0].decoder[k];
        const ub_conv* conv = down ? store->encoder[k] : store->decoder[k];
        const size_t size = ub_conv_scratch(conv, UB_WINDOWS, l->out_size[0]);
        most = size > most ? size : most;
    }
    return most;
}

static bool
make_ready(ub_runner* self)
{
    self->store = (ub_native_store*)ub_packed_get(self->model, &ub_native_packing);
    if (self->store) {
        self->scratch = ub_page_alloc(scratch_size(&self->model->net, self->store));
    }
    return self->scratch && grow_images(self, 1);
}

static ub_runner*
native_create(const ub_model* model, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    if (self) {
        self->model = ub_model_ref(model);
    }
    if (!self || model->net.version > 1 || !make_ready(self)) {
        ub_error(err, err_size, "%s: %s", model->path,
                 model->net.version > 1 ? "networks of format version 2 need the reference backend"
                                        : "out of memory");
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
