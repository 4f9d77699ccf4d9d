// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/run.h"

static float*
image_of(const ub_native_plan* plan, const ub_native_window* w, uint32_t image)
{
    return w->memory + plan->net->layout.at[image];
}

static ub_conv_out
make_out(const ub_native_plan* plan, const ub_native_window* w, uint32_t i, uint32_t k)
{
    const ub_steps* steps = plan->steps;
    const ub_step* step = &steps->step[i];
    const ub_step_out* out = &step->out[k];
    const uint32_t n = step->layer->filters;
    const float* numbers = w->item->folded->numbers + out->numbers;
    const ub_finish finish = {.activation = &out->activation,
                              .scale = numbers,
                              .shift = numbers + n,
                              .gain = out->after ? numbers + 2 * (size_t)n : NULL,
                              .offset = numbers + 3 * (size_t)n,
                              .channels = n};
    if (i + 1 == steps->n) {
        const size_t plane = (size_t)plan->mask.count * step->layer->out_size[1];
        return (ub_conv_out){finish, w->item->mask, plan->mask.first, plane};
    }
    return (ub_conv_out){finish, image_of(plan, w, out->image), 0, n};
}

/// What step i reads and where its outputs go
static ub_conv_job
make_job(const ub_native_plan* plan, const ub_native_window* w, uint32_t i)
{
    const ub_step* step = &plan->steps->step[i];
    const ub_span all = {0, step->layer->in_size[0]};
    const ub_span in = ub_step_input(step->layer, plan->out[i]);
    ub_conv_job job = {.n_out = step->n_out};
    for (uint32_t k = 0; k < step->n_in; ++k) {
        const uint32_t channels = plan->steps->image[step->in[k]].channels;
        const float* pixels = step->in[k] ? image_of(plan, w, step->in[k]) : w->input;
        job.in[k] =
            (ub_conv_image){pixels, i < plan->steps->encoders ? all : in, channels, channels};
    }
    for (uint32_t k = 0; k < step->n_out; ++k) {
        job.out[k] = make_out(plan, w, i, k);
    }
    return job;
}

/// Find each window's trail and what is there for it
static void
find_kept(const ub_native_plan* plan, ub_native_window* windows, uint32_t n)
{
    for (uint32_t k = 0; k < n; ++k) {
        const ub_item* item = windows[k].item;
        const ub_reuse* reuse =
            item->trail ? ub_trail_reuse(item->trail, item->folded->unet) : NULL;
        const bool known = reuse && reuse->step == plan->step;
        windows[k].kept = known ? ub_trail_find(item->trail, item->folded) : NULL;
    }
    for (uint32_t k = 0; k < n; ++k) { // a later window may have taken an earlier one's place
        ub_native_window* w = &windows[k];
        w->kept = w->kept && ub_trail_is(w->kept, w->item->trail, w->item->folded) ? w->kept : NULL;
        w->reuse = w->kept && ub_trail_has(w->kept, plan->rows, w->item->start);
    }
}

/// Rows that a step of the encoder has to compute for a window
static ub_rows
find_rows(const ub_native_plan* plan, const ub_native_window* w, uint32_t i)
{
    return w->reuse ? plan->rows[i] : (ub_rows){{plan->out[i]}, {{0}}};
}

/// The windows that take rows from their trails, or those that do not, together
static void
compute(const ub_native_plan* plan, void* scratch, const ub_native_window* windows, uint32_t n,
        uint32_t i, bool reuse)
{
    ub_conv_job jobs[UB_WINDOWS];
    const ub_native_window* any = NULL;
    uint32_t count = 0;
    for (uint32_t k = 0; k < n; ++k) {
        if (windows[k].reuse == reuse) {
            any = &windows[k];
            jobs[count++] = make_job(plan, any, i);
        }
    }
    for (int k = 0; any && k < 2; ++k) {
        const ub_span span = find_rows(plan, any, i).computed[k];
        if (span.count) {
            ub_conv_run(plan->net->conv[i], jobs, count, span, scratch);
        }
    }
}

static void
take_and_keep(const ub_native_plan* plan, const ub_native_window* w, uint32_t i)
{
    const ub_step* step = &plan->steps->step[i];
    const ub_rows rows = find_rows(plan, w, i);
    const int64_t start = w->item->start;
    float* images[UB_MAX_STEP_IMAGES];
    for (uint32_t k = 0; k < step->n_out; ++k) {
        images[k] = image_of(plan, w, step->out[k].image);
    }
    ub_trail_take(w->kept, i, &rows, start, images, step->n_out);
    ub_trail_keep(w->kept, i, rows.computed[0], start, images, step->n_out);
    ub_trail_keep(w->kept, i, rows.computed[1], start, images, step->n_out);
}

static void
encode_step(const ub_native_plan* plan, void* scratch, const ub_native_window* windows, uint32_t n,
            uint32_t i)
{
    compute(plan, scratch, windows, n, i, false);
    compute(plan, scratch, windows, n, i, true);
    for (uint32_t k = 0; k < n; ++k) {
        if (windows[k].kept) {
            take_and_keep(plan, &windows[k], i);
        }
    }
}

/// Take all windows' inputs, each once.  Returns whether it is one and the same.
static bool
take_inputs(const ub_native_plan* plan, ub_native_window* windows, uint32_t n)
{
    const ub_image* image = &plan->steps->image[0];
    bool shared = true;
    for (uint32_t k = 0; k < n; ++k) {
        ub_native_window* w = &windows[k];
        w->input = k && w->item->input == w[-1].item->input ? w[-1].input : NULL;
        if (!w->input) {
            ub_planes_to_pixels(w->item->input, image->channels,
                                (size_t)image->size[0] * image->size[1], image_of(plan, w, 0));
            w->input = image_of(plan, w, 0);
        }
        shared = shared && w->input == windows->input;
    }
    return shared;
}

void
ub_native_encode(const ub_native_plan* plan, void* scratch, ub_native_window* windows, uint32_t n)
{
    const ub_steps* steps = plan->steps;
    uint32_t first = 0;
    uint32_t alone = 0;
    while (alone < steps->encoders && !ub_layer_is_heavy(steps->step[alone].layer)) {
        ++alone;
    }
    find_kept(plan, windows, n);
    if (take_inputs(plan, windows, n)) {
        encode_step(plan, scratch, windows, n, 0);
        first = 1;
    }
    for (uint32_t k = 0; k < n; ++k) {
        for (uint32_t i = first; i < alone; ++i) {
            encode_step(plan, scratch, &windows[k], 1, i);
        }
    }
    for (uint32_t i = alone > first ? alone : first; i < steps->encoders; ++i) {
        encode_step(plan, scratch, windows, n, i);
    }
}

static void
decode_step(const ub_native_plan* plan, void* scratch, const ub_native_window* windows, uint32_t n,
            uint32_t i)
{
    ub_conv_job jobs[UB_WINDOWS];
    for (uint32_t k = 0; k < n; ++k) {
        jobs[k] = make_job(plan, &windows[k], i);
    }
    ub_conv_run(plan->net->conv[i], jobs, n, plan->out[i], scratch);
}

void
ub_native_decode(const ub_native_plan* plan, void* scratch, const ub_native_window* windows,
                 uint32_t n)
{
    const ub_steps* steps = plan->steps;
    uint32_t alone = steps->n; // from this step on
    while (alone > steps->encoders && !ub_layer_is_heavy(steps->step[alone - 1].layer)) {
        --alone;
    }
    for (uint32_t i = steps->encoders; i < alone; ++i) {
        decode_step(plan, scratch, windows, n, i);
    }
    for (uint32_t k = 0; k < n; ++k) {
        for (uint32_t i = alone; i < steps->n; ++i) {
            decode_step(plan, scratch, &windows[k], 1, i);
        }
    }
}
