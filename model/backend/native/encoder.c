// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/encoder.h"

/// Find each window's trail and what is there for it
static void
find_kept(const ub_native_plan* plan, ub_native_window* windows, uint32_t n)
{
    for (uint32_t k = 0; k < n; ++k) {
        const ub_item* item = windows[k].item;
        const bool known = item->trail && ub_trail_reuse(item->trail)->step == plan->step;
        windows[k].kept = known ? ub_trail_find(item->trail, item->folded) : NULL;
    }
    for (uint32_t k = 0; k < n; ++k) { // a later window may have taken an earlier one's place
        ub_native_window* w = &windows[k];
        w->kept = w->kept && ub_trail_is(w->kept, w->item->folded) ? w->kept : NULL;
        w->reuse = w->kept && ub_trail_has(w->kept, plan->rows, w->item->start);
    }
}

/// Rows of a layer that have to be computed for a window
static ub_rows
find_rows(const ub_native_plan* plan, const ub_native_window* w, uint32_t i)
{
    const ub_rows whole = {{{0, plan->net->unet[0].encoder[i].out_size[0]}}, {{0}}};
    return w->reuse ? plan->rows[i] : whole;
}

static ub_conv_job
make_job(const ub_native_plan* plan, const ub_native_window* w, uint32_t i)
{
    const ub_layer* l = &plan->net->unet[0].encoder[i];
    const ub_folded* folded = w->item->folded;
    const float* input = i ? w->images->encoder[i - 1] : w->input;
    return (ub_conv_job){
        .in = {{input, 0, l->inputs, l->inputs}},
        .finish = {&l->activation, folded->encoder_scale[i], folded->encoder_shift[i], l->filters},
        .out = w->images->encoder[i],
        .out_step = l->filters};
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
            ub_conv_run(plan->store->encoder[i], jobs, count, span, scratch);
        }
    }
}

static void
take_and_keep(const ub_native_plan* plan, const ub_native_window* w, uint32_t i)
{
    const ub_rows rows = find_rows(plan, w, i);
    const int64_t start = w->item->start;
    float* output = w->images->encoder[i];
    ub_trail_take(w->kept, i, &rows, start, output);
    ub_trail_keep(w->kept, i, rows.computed[0], start, output);
    ub_trail_keep(w->kept, i, rows.computed[1], start, output);
}

static void
run_layer(const ub_native_plan* plan, void* scratch, const ub_native_window* windows, uint32_t n,
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
take_inputs(const ub_network* net, ub_native_window* windows, uint32_t n)
{
    bool shared = true;
    for (uint32_t k = 0; k < n; ++k) {
        ub_native_window* w = &windows[k];
        w->input = k && w->item->input == w[-1].item->input ? w[-1].input : NULL;
        if (!w->input) {
            ub_planes_to_pixels(w->item->input, net->channels, (size_t)net->frames * net->bins,
                                w->images->input);
            w->input = w->images->input;
        }
        shared = shared && w->input == windows->input;
    }
    return shared;
}

void
ub_native_encode(const ub_native_plan* plan, void* scratch, ub_native_window* windows, uint32_t n)
{
    const ub_network* net = plan->net;
    uint32_t first = 0;
    uint32_t alone = 0;
    while (alone < net->unet[0].encoders && !ub_layer_is_heavy(&net->unet[0].encoder[alone])) {
        ++alone;
    }
    find_kept(plan, windows, n);
    if (take_inputs(net, windows, n)) {
        run_layer(plan, scratch, windows, n, 0);
        first = 1;
    }
    for (uint32_t k = 0; k < n; ++k) {
        for (uint32_t i = first; i < alone; ++i) {
            run_layer(plan, scratch, &windows[k], 1, i);
        }
    }
    for (uint32_t i = alone > first ? alone : first; i < net->unet[0].encoders; ++i) {
        run_layer(plan, scratch, windows, n, i);
    }
}
