// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/reuse.h"

#include <string.h>

/// Share of the encoder's sums that a MiB has to save
#define PRICE 0.03

/** Rows that are needed of an output: those before `left` and those from `right` on. */
typedef struct {
    uint32_t left;
    uint32_t right;
} need;

/** What can be kept of a layer. */
typedef enum { KEEP_NONE, KEEP_RIGHT, KEEP_ALL, CHOICES } choice;

static uint32_t
least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t
most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t
common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/// The input that these rows are computed from
static need
input_need(const ub_layer* layer, const ub_rows* rows)
{
    need result = {0, layer->in_size[0]};
    for (int i = 0; i < 2; ++i) {
        if (rows->computed[i].count) {
            const ub_span in = ub_step_input(layer, rows->computed[i]);
            if (!rows->computed[i].first) {
                result.left = in.count;
            } else {
                result.right = in.first;
            }
        }
    }
    return result;
}

static ub_span
span(uint32_t from, uint32_t end)
{
    return (ub_span){from, end > from ? end - from : 0};
}

/// Where the needed rows come from
static ub_rows
find_rows(const ub_layer* layer, const ub_kept* k, need n)
{
    const uint32_t size = layer->out_size[0];
    const bool use = k->slots && (n.right >= k->kept_first || n.left >= k->kept_first);
    const uint32_t left = use ? least(n.left, k->kept_first) : n.left;
    const uint32_t right = use ? k->fresh : n.right;
    ub_rows rows;
    memset(&rows, 0, sizeof(rows));
    if (left >= right) {
        rows.computed[0] = span(0, size);
        return rows;
    }
    rows.computed[0] = span(0, left);
    rows.computed[1] = span(right, size);
    if (use && n.left >= n.right) {
        rows.kept[0] = span(left, right);
    } else if (use) {
        rows.kept[0] = span(left, least(n.left, right));
        rows.kept[1] = span(most(n.right, left), right);
    }
    return rows;
}

/// What is the same for all choices
static void
describe(ub_reuse* reuse, const ub_steps* steps)
{
    int64_t first = 0; // rows that no zeros reach: from first to end - 1
    int64_t end = steps->image[0].size[0];
    uint32_t stride = 1;
    for (uint32_t i = 0; i < steps->encoders; ++i) {
        const ub_layer* l = steps->step[i].layer;
        const int64_t s = l->stride[0];
        const int64_t reach = (int64_t)(l->kernel[0] - 1) * l->dilation[0];
        const int64_t last = end - 1 - reach + l->pad[0][0];
        ub_kept* k = &reuse->layer[i];
        stride *= l->stride[0];
        first = (first + l->pad[0][0] + s - 1) / s;
        end = last < 0 ? 0 : last / s + 1;
        end = end > l->out_size[0] ? l->out_size[0] : end;
        k->stride = stride;
        k->grain = common_divisor(stride, reuse->step);
        k->row_size = sizeof(float) * steps->step[i].n_out * l->filters * l->out_size[1];
        k->kept_end = (uint32_t)end;
        // After lcm(stride, step) frames there is a window whose rows are these again
        const int64_t fresh = end - reuse->step / k->grain;
        k->fresh = fresh > first ? (uint32_t)fresh : 0;
        k->kept_first = (uint32_t)first;
    }
}

/// Keep that much of a layer whose output is needed so.  False if it cannot be.
static bool
keep(ub_kept* k, choice kept, need n)
{
    k->slots = 0;
    if (kept == KEEP_NONE) {
        return true;
    }
    k->kept_first = kept == KEEP_RIGHT ? most(k->kept_first, n.right) : k->kept_first;
    if (k->kept_first < k->fresh) {
        k->slots = (k->kept_end - 1 - k->kept_first) * k->stride / k->grain + 1;
    }
    return k->slots;
}

static double
row_sums(const ub_layer* l)
{
    return (double)l->inputs * l->filters * l->kernel[0] * l->kernel[1] * l->out_size[1];
}

/// Fill in the choices, a digit for each layer.  Returns the share of the sums that are
/// left, and the price of the memory; 1 if a choice cannot be.
static double
try_choices(ub_reuse* reuse, const ub_steps* steps, uint32_t digits)
{
    double sums = 0.0;
    double all = 0.0;
    reuse->size = 0;
    need n = {steps->step[steps->encoders - 1].layer->out_size[0], 0};
    for (uint32_t i = steps->encoders; i-- > 0; digits /= CHOICES) {
        const ub_layer* l = steps->step[i].layer;
        ub_kept* k = &reuse->layer[i];
        if (!keep(k, (choice)(digits % CHOICES), n)) {
            return 1.0;
        }
        const ub_rows rows = find_rows(l, k, n);
        sums += row_sums(l) * (rows.computed[0].count + rows.computed[1].count);
        all += row_sums(l) * l->out_size[0];
        reuse->size += k->slots * k->row_size;
        n = input_need(l, &rows);
    }
    return sums / all + PRICE * (double)reuse->size / (1 << 20);
}

bool
ub_reuse_choose(ub_reuse* reuse, const ub_steps* steps, uint32_t step)
{
    ub_reuse plain;
    memset(&plain, 0, sizeof(plain));
    plain.step = step;
    plain.layers = steps->encoders;
    if (!step) {
        return false;
    }
    describe(&plain, steps);
    uint32_t tries = 1;
    for (uint32_t i = 0; i < steps->encoders; ++i) {
        tries *= CHOICES;
    }
    double best = 1.0;
    for (uint32_t digits = 0; digits < tries; ++digits) {
        ub_reuse tried = plain;
        const double cost = try_choices(&tried, steps, digits);
        if (cost < best) {
            best = cost;
            *reuse = tried;
        }
    }
    return best < 1.0;
}

void
ub_reuse_rows(const ub_reuse* reuse, const ub_steps* steps, const uint32_t* skip,
              ub_rows rows[UB_MAX_LAYERS])
{
    need n = {steps->step[steps->encoders - 1].layer->out_size[0], 0};
    for (uint32_t i = steps->encoders; i-- > 0;) {
        const ub_layer* l = steps->step[i].layer;
        n.right = least(n.right, skip[i]);
        rows[i] = find_rows(l, &reuse->layer[i], n);
        n = input_need(l, &rows[i]);
    }
}
