// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/openblas/openblas.h"

#include "model/file/error.h"
#include "model/backend/openblas/gemm_conv.h"
#include "model/backend/openblas/gemm_store.h"
#include "model/backend/native/images.h"

#include <cblas.h>
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>

struct ub_runner_s {
    const ub_model* model;
    ub_gemm_store* store;
    ub_images images;
    float* raw;
    ub_frames_plan plan; ///< The last one used
    float* scratch;
    size_t scratch_step; ///< Values for each thread
    int threads;         ///< That there is scratch memory for
};

/*
  OpenBLAS has one thread count for the whole process.  It is 1 only while a
  job runs, and is put back by whoever leaves last, so that other plugins in the
  process keep theirs.
*/
static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned jobs = 0;    ///< Under way; guarded by the lock
static int host_threads = 1; ///< To put back; guarded by the lock

static void
enter_blas(void)
{
    pthread_mutex_lock(&count_lock);
    if (!jobs++) {
        host_threads = openblas_get_num_threads();
        openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&count_lock);
}

static void
leave_blas(void)
{
    pthread_mutex_lock(&count_lock);
    if (!--jobs && openblas_get_num_threads() == 1) { // else the host has set another
        openblas_set_num_threads(host_threads);
    }
    pthread_mutex_unlock(&count_lock);
}

/// Scratch memory for the calling thread's number of threads
static bool
grow_scratch(ub_runner* self)
{
    const int threads = omp_get_max_threads();
    if (threads > self->threads) {
        free(self->scratch);
        self->scratch = (float*)ub_page_alloc((size_t)threads * self->scratch_step * sizeof(float));
        self->threads = self->scratch ? threads : 0;
    }
    return self->threads >= threads;
}

static bool
prepare(ub_runner* self, uint32_t first, uint32_t count)
{
    if (self->plan.first != first || self->plan.count != count) {
        ub_frames_plan_clear(&self->plan);
        if (!ub_frames_plan_make(&self->plan, &self->model->net, first, count)) {
            ub_frames_plan_clear(&self->plan);
            return false;
        }
    }
    return grow_scratch(self);
}

static void
run_encoder(ub_runner* self, const ub_item* item)
{
    ub_images* images = &self->images;
    ub_images_begin(images, item);
    const float* src = (const float*)images->input;
    for (uint32_t i = 0; i < images->net->encoders; ++i) {
        const ub_layer* l = &images->net->encoder[i];
        const ub_conv_shape shape = ub_encoder_shape(l, (ub_span){0, l->out_size[0]});
        const ub_finish finish = {&l->activation, item->folded->encoder_scale[i],
                                  item->folded->encoder_shift[i], l->filters};
        float* out = (float*)images->encoder[i];
        ub_gemm_conv(&shape, self->store->encoder[i], src, &finish, out, self->scratch,
                     self->scratch_step);
        src = out;
    }
}

static void
run_decoder(ub_runner* self, const ub_item* item)
{
    ub_images* images = &self->images;
    const void* input = ub_decoder_begin(images, &self->plan);
    for (uint32_t i = 0; i < images->net->decoders; ++i) {
        const ub_decoder_plan* d = &self->plan.decoder[i];
        for (uint32_t n = 0; n < d->n_parts; ++n) {
            const ub_conv_shape shape = ub_part_shape(&images->net->decoder[i], &d->parts[n]);
            const float* src = (const float*)ub_part_input(images, &self->plan, i, n, input);
            ub_gemm_conv(&shape, ub_gemm_part_weights(self->store, i, &d->parts[n]), src, NULL,
                         images->raw + d->raw[n], self->scratch, self->scratch_step);
        }
        input = ub_decoder_finish(images, &self->plan, item, i);
    }
}

static bool
openblas_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    if (!prepare(self, first, count)) {
        return false;
    }
    const bool plain = ub_encoder_is_plain(&self->model->net);
    enter_blas();
    for (uint32_t i = 0; i < n; ++i) {
        if (!i || !plain || items[i].input != items[i - 1].input) {
            run_encoder(self, &items[i]);
        }
        run_decoder(self, &items[i]);
    }
    leave_blas();
    return true;
}

static void
openblas_destroy(ub_runner* self)
{
    if (self) {
        ub_frames_plan_clear(&self->plan);
        ub_images_free(&self->images);
        ub_packed_put(self->store);
        free(self->raw);
        free(self->scratch);
        ub_model_unref(self->model);
        free(self);
    }
}

/// Scratch memory for the plan of all frames, whose blocks are the largest
static size_t
scratch_size(const ub_network* net, const ub_frames_plan* whole)
{
    size_t most = 0;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        const ub_layer* l = &net->encoder[i];
        const ub_conv_shape shape = ub_encoder_shape(l, (ub_span){0, l->out_size[0]});
        const size_t size = ub_gemm_scratch(&shape);
        most = size > most ? size : most;
    }
    for (uint32_t i = 0; i < net->decoders; ++i) {
        for (uint32_t n = 0; n < whole->decoder[i].n_parts; ++n) {
            const ub_conv_shape shape =
                ub_part_shape(&net->decoder[i], &whole->decoder[i].parts[n]);
            const size_t size = ub_gemm_scratch(&shape);
            most = size > most ? size : most;
        }
    }
    return most;
}

static bool
make_ready(ub_runner* self)
{
    const ub_network* net = &self->model->net;
    self->store = (ub_gemm_store*)ub_packed_get(self->model, &ub_gemm_packing);
    if (!self->store || !ub_frames_plan_make(&self->plan, net, 0, net->frames)) {
        return false;
    }
    self->scratch_step = scratch_size(net, &self->plan);
    self->raw = ub_raw_make(&self->plan);
    return grow_scratch(self) && ub_images_make(&self->images, net, false, self->raw);
}

static ub_runner*
openblas_create(const ub_model* model, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    if (self) {
        self->model = ub_model_ref(model);
    }
    if (!self || !make_ready(self)) {
        ub_error(err, err_size, "%s: out of memory for the openblas backend", model->path);
        openblas_destroy(self);
        return NULL;
    }
    return self;
}

static bool
openblas_available(void)
{
    return true;
}

const ub_backend ub_backend_openblas = {
    .name = "openblas",
    .about = "OpenBLAS, single precision",
    .available = openblas_available,
    .create = openblas_create,
    .run = openblas_run,
    .destroy = openblas_destroy,
};
