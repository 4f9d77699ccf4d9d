// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/reference/reference.h"

#include "model/backend/reference/loops.h"
#include "model/file/error.h"

#include <stdlib.h>

/*
  Every step in double precision, with nothing left out: the whole mask is computed whatever
  part is asked for, and every image has its own memory.
*/

struct ub_runner_s {
    const ub_model* model;
    double* image[UB_MAX_IMAGES]; ///< Each [channels][frames][bins], as large as any network's
    double* sums;                 ///< Of one step
    double* scratch;              ///< Of one step
    const double** inputs;        ///< Each input channel of one step
};

static size_t
plane(const ub_image* image)
{
    return (size_t)image->size[0] * image->size[1];
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/// One image that comes of a step's sums
static void
finish(const ub_step* step, const ub_step_out* out, const float* numbers, const double* sums,
       double* image)
{
    const uint32_t filters = step->layer->filters;
    const size_t n = (size_t)step->layer->out_size[0] * step->layer->out_size[1];
    for (uint32_t c = 0; c < filters; ++c) {
        const double scale = (double)numbers[c];
        const double shift = (double)numbers[filters + c];
        const double gain = out->after ? (double)numbers[2 * filters + c] : 1.0;
        const double offset = out->after ? (double)numbers[3 * filters + c] : 0.0;
        for (size_t i = c * n; i < (c + 1) * n; ++i) {
            image[i] = gain * ub_activate(&out->activation, sums[i] * scale + shift) + offset;
        }
    }
}

static void
run_step(ub_runner* self, const ub_steps* steps, const ub_step* step, const float* numbers)
{
    uint32_t channel = 0;
    for (uint32_t i = 0; i < step->n_in; ++i) {
        const ub_image* in = &steps->image[step->in[i]];
        for (uint32_t c = 0; c < in->channels; ++c) {
            self->inputs[channel++] = self->image[step->in[i]] + c * plane(in);
        }
    }
    (step->layer->transposed ? ub_convolve_transposed : ub_convolve)(
        step->layer, step->tensors->weight, self->inputs, self->scratch, self->sums);
    for (uint32_t i = 0; i < step->n_out; ++i) {
        const ub_step_out* out = &step->out[i];
        finish(step, out, numbers + out->numbers, self->sums, self->image[out->image]);
    }
}

static void
run_item(ub_runner* self, const ub_item* item, uint32_t first, uint32_t count)
{
    const ub_steps* steps = &self->model->steps[item->folded->unet];
    const ub_image* input = &steps->image[0];
    const ub_image* last = &steps->image[steps->images - 1];
    for (size_t i = 0; i < input->channels * plane(input); ++i) {
        self->image[0][i] = (double)item->input[i];
    }
    for (uint32_t i = 0; i < steps->n; ++i) {
        run_step(self, steps, &steps->step[i], item->folded->numbers);
    }
    float* out = item->mask;
    for (uint32_t c = 0; c < last->channels; ++c) {
        const double* from =
            self->image[steps->images - 1] + c * plane(last) + (size_t)first * last->size[1];
        for (size_t i = 0; i < (size_t)count * last->size[1]; ++i) {
            *out++ = (float)from[i];
        }
    }
}

static bool
reference_run(ub_runner* self, const ub_item* items, uint32_t n, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < n; ++i) {
        run_item(self, &items[i], first, count);
    }
    return true;
}

static void
reference_destroy(ub_runner* self)
{
    if (self) {
        for (int i = 0; i < UB_MAX_IMAGES; ++i) {
            free(self->image[i]);
        }
        free(self->sums);
        free(self->scratch);
        free(self->inputs);
        ub_model_unref(self->model);
        free(self);
    }
}

/// What the largest step or image of any of the generic networks takes
typedef struct {
    size_t image[UB_MAX_IMAGES];
    size_t sums;
    size_t scratch;
    size_t inputs;
} room;

static void
measure(const ub_steps* steps, room* r)
{
    for (uint32_t i = 0; i < steps->images; ++i) {
        const ub_image* image = &steps->image[i];
        r->image[i] = larger(r->image[i], image->channels * plane(image));
    }
    for (uint32_t i = 0; i < steps->n; ++i) {
        const ub_layer* l = steps->step[i].layer;
        r->sums = larger(r->sums, (size_t)l->filters * l->out_size[0] * l->out_size[1]);
        r->scratch = larger(r->scratch, ub_loops_scratch(l));
        r->inputs = larger(r->inputs, l->inputs);
    }
}

static bool
allocate(ub_runner* self)
{
    room r = {{0}, 0, 0, 0};
    bool ok = true;
    for (uint32_t i = 0; i < self->model->net.unets; ++i) {
        measure(&self->model->steps[i], &r);
    }
    for (uint32_t i = 0; i < UB_MAX_IMAGES && r.image[i]; ++i) {
        self->image[i] = (double*)malloc(r.image[i] * sizeof(double));
        ok = ok && self->image[i];
    }
    self->sums = (double*)malloc(r.sums * sizeof(double));
    self->scratch = (double*)malloc(r.scratch * sizeof(double));
    self->inputs = (const double**)malloc(r.inputs * sizeof(double*));
    return ok && self->sums && self->scratch && self->inputs;
}

static ub_runner*
reference_create(const ub_model* model, char* err, size_t err_size)
{
    ub_runner* self = (ub_runner*)calloc(1, sizeof(ub_runner));
    if (self) {
        self->model = ub_model_ref(model);
    }
    if (!self || !allocate(self)) {
        ub_error(err, err_size, "%s: out of memory for the reference backend", model->path);
        reference_destroy(self);
        return NULL;
    }
    return self;
}

static bool
reference_available(void)
{
    return true;
}

const ub_backend ub_backend_reference = {
    .name = "reference",
    .about = "plain C in double precision, slow",
    .available = reference_available,
    .create = reference_create,
    .run = reference_run,
    .destroy = reference_destroy,
};
