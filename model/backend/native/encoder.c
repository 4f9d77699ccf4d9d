// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/encoder.h"

/// Find each window's trail and what is there for it
static void
find_kept(const ub_dnn_plan* plan, ub_dnn_window* windows, uint32_t n)
{
    for (uint32_t k = 0; k < n; ++k) {
        const ub_item* item = windows[k].item;
        const bool known = item->trail && ub_trail_reuse(item->trail)->step == plan->step;
        windows[k].kept = known ? ub_trail_find(item->trail, item->folded) : NULL;
    }
    for (uint32_t k = 0; k < n; ++k) { // a later window may have taken an earlier one's place
        ub_dnn_window* w = &windows[k];
        w->kept = w->kept && ub_trail_is(w->kept, w->item->folded) ? w->kept : NULL;
        w->reuse = w->kept && ub_trail_has(w->kept, plan->rows, w->item->start);
    }
}

static bool
run_span(const ub_dnn_conv* conv, dnnl_stream_t stream, void* scratch, const ub_dnn_window* w,
         uint32_t i, ub_span out)
{
    const ub_images* images = w->images;
    const ub_layer* l = &images->net->encoder[i];
    const size_t size = ub_images_value_size(images);
    const char* src = (const char*)(i ? images->encoder[i - 1] : w->input);
    char* dst = (char*)images->encoder[i] + out.first * l->out_size[1] * l->filters * size;
    ub_span in;
    uint32_t pad[2];
    ub_layer_input(l, out, &in, pad);
    const ub_dnn_buffers buffers = {src + in.first * l->in_size[1] * l->inputs * size, dst,
                                    w->item->folded->encoder_scale[i],
                                    w->item->folded->encoder_shift[i], scratch};
    return ub_dnn_conv_run(conv, stream, &buffers);
}

/// Rows of a layer that have to be computed for a window
static ub_rows
find_rows(const ub_dnn_plan* plan, const ub_dnn_window* w, uint32_t i)
{
    const ub_rows whole = {{{0, w->images->net->encoder[i].out_size[0]}}, {{0}}};
    return w->reuse ? plan->rows[i] : whole;
}

static bool
run_convs(const ub_dnn_plan* plan, dnnl_stream_t stream, void* scratch, const ub_dnn_window* w,
          uint32_t i)
{
    const ub_rows rows = find_rows(plan, w, i);
    const ub_dnn_conv* convs = w->reuse ? plan->edge[i] : &plan->encoder[i];
    bool ok = true;
    for (int k = 0; ok && k < 2; ++k) {
        ok =
            !rows.computed[k].count || run_span(&convs[k], stream, scratch, w, i, rows.computed[k]);
    }
    return ok;
}

static ub_conv_job
make_job(const ub_dnn_window* w, uint32_t i)
{
    const ub_images* images = w->images;
    const ub_layer* l = &images->net->encoder[i];
    const void* input = i ? images->encoder[i - 1] : w->input;
    return (ub_conv_job){.in = {{(const float*)input, 0, l->inputs, l->inputs}},
                         .finish = {&l->activation, w->item->folded->encoder_scale[i],
                                    w->item->folded->encoder_shift[i], l->filters},
                         .out = (float*)images->encoder[i],
                         .out_step = l->filters};
}

/// The windows that take rows from their trails, or those that do not, together
static void
run_own(const ub_dnn_plan* plan, void* scratch, const ub_dnn_window* windows, uint32_t n,
        uint32_t i, bool reuse)
{
    ub_conv_job jobs[UB_DNN_WINDOWS];
    const ub_dnn_window* any = NULL;
    uint32_t count = 0;
    for (uint32_t k = 0; k < n; ++k) {
        if (windows[k].reuse == reuse) {
            any = &windows[k];
            jobs[count++] = make_job(any, i);
        }
    }
    for (int k = 0; any && k < 2; ++k) {
        const ub_span span = find_rows(plan, any, i).computed[k];
        if (span.count) {
            ub_conv_run(plan->own.encoder[i], jobs, count, span, scratch);
        }
    }
}

static void
take_and_keep(const ub_dnn_plan* plan, const ub_dnn_window* w, uint32_t i)
{
    const ub_rows rows = find_rows(plan, w, i);
    const int64_t start = w->item->start;
    void* output = w->images->encoder[i];
    ub_trail_take(w->kept, i, &rows, start, output);
    ub_trail_keep(w->kept, i, rows.computed[0], start, output);
    ub_trail_keep(w->kept, i, rows.computed[1], start, output);
}

static bool
run_layer(const ub_dnn_plan* plan, dnnl_stream_t stream, void* scratch,
          const ub_dnn_window* windows, uint32_t n, uint32_t i)
{
    bool ok = true;
    if (plan->own.encoder[i]) {
        run_own(plan, scratch, windows, n, i, false);
        run_own(plan, scratch, windows, n, i, true);
    }
    for (uint32_t k = 0; ok && k < n; ++k) {
        ok = plan->own.encoder[i] || run_convs(plan, stream, scratch, &windows[k], i);
        if (ok && windows[k].kept) {
            take_and_keep(plan, &windows[k], i);
        }
    }
    return ok;
}

/// Take all windows' inputs, each once.  Returns whether it is one and the same.
static bool
take_inputs(ub_dnn_window* windows, uint32_t n)
{
    bool shared = true;
    for (uint32_t k = 0; k < n; ++k) {
        ub_dnn_window* w = &windows[k];
        w->input = k && w->item->input == w[-1].item->input ? w[-1].input : NULL;
        if (!w->input) {
            ub_images_begin(w->images, w->item);
            w->input = w->images->input;
        }
        shared = shared && w->input == windows->input;
    }
    return shared;
}

bool
ub_dnn_encode(const ub_dnn_plan* plan, dnnl_stream_t stream, void* scratch, ub_dnn_window* windows,
              uint32_t n)
{
    const ub_network* net = windows->images->net;
    uint32_t first = 0;
    uint32_t alone = 0;
    bool ok = true;
    while (alone < net->encoders && !ub_layer_is_heavy(&net->encoder[alone])) {
        ++alone;
    }
    find_kept(plan, windows, n);
    if (take_inputs(windows, n)) {
        ok = run_layer(plan, stream, scratch, windows, n, 0);
        first = 1;
    }
    for (uint32_t k = 0; k < n; ++k) {
        for (uint32_t i = first; ok && i < alone; ++i) {
            ok = run_layer(plan, stream, scratch, &windows[k], 1, i);
        }
    }
    for (uint32_t i = alone > first ? alone : first; ok && i < net->encoders; ++i) {
        ok = run_layer(plan, stream, scratch, windows, n, i);
    }
    return ok;
}
