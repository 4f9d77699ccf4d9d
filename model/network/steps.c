// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/steps.h"

#include <string.h>

static uint32_t
add_image(ub_steps* steps, uint32_t channels, const uint32_t size[2])
{
    steps->image[steps->images] = (ub_image){channels, {size[0], size[1]}};
    return steps->images++;
}

/// Add one image that comes of the step; returns its number
static uint32_t
add_output(ub_steps* steps, ub_step* step, const ub_step_out* finish)
{
    const ub_layer* l = step->layer;
    ub_step_out* out = &step->out[step->n_out++];
    *out = *finish;
    out->image = add_image(steps, l->filters, l->out_size);
    out->numbers = steps->numbers;
    steps->numbers += ub_step_numbers(step, out);
    return out->image;
}

/// A layer's output, to which the next layer goes
static uint32_t
add_main(ub_steps* steps, ub_step* step)
{
    const ub_layer* l = step->layer;
    const bool after = l->activation_first && (l->norm || l->film != UB_FILM_NONE);
    const ub_step_out finish = {.activation = l->activation, .after = after};
    return add_output(steps, step, &finish);
}

/// What goes over a layer's skip connections, if it is not its output
static uint32_t
add_skip(ub_steps* steps, ub_step* step)
{
    const ub_layer* l = step->layer;
    ub_step_out finish = {.skip = true};
    if (!l->raw_skip) {
        finish.activation = l->activation;
        finish.after = true;
    }
    return add_output(steps, step, &finish);
}

static bool
has_skips(const ub_unet* unet, uint32_t encoder)
{
    bool has = false;
    for (uint32_t i = 0; i < unet->decoders; ++i) {
        has = has || unet->decoder[i].skip == (int32_t)encoder;
    }
    return has;
}

static ub_step*
add_step(ub_steps* steps, const ub_layer* layer, uint32_t input)
{
    ub_step* step = &steps->step[steps->n++];
    step->layer = layer;
    step->in[step->n_in++] = input;
    return step;
}

void
ub_steps_make(ub_steps* steps, const ub_network* net, const ub_unet* unet)
{
    uint32_t skip[UB_MAX_LAYERS]; // image of each encoder layer's skip connections
    const uint32_t window[2] = {net->frames, net->bins};
    memset(steps, 0, sizeof(*steps));
    uint32_t image = add_image(steps, net->channels, window);
    for (uint32_t i = 0; i < unet->encoders; ++i) {
        const ub_layer* l = &unet->encoder[i];
        ub_step* step = add_step(steps, l, image);
        image = skip[i] = add_main(steps, step);
        if ((l->raw_skip || l->skip_film != UB_FILM_NONE) && has_skips(unet, i)) {
            skip[i] = add_skip(steps, step);
        }
    }
    steps->encoders = steps->n;
    for (uint32_t i = 0; i < unet->decoders; ++i) {
        const ub_layer* l = &unet->decoder[i];
        ub_step* step = add_step(steps, l, image);
        if (l->skip >= 0) {
            step->in[step->n_in++] = skip[l->skip];
        }
        image = add_main(steps, step);
    }
}

uint32_t
ub_step_numbers(const ub_step* step, const ub_step_out* finish)
{
    return (finish->after ? 4 : 2) * step->layer->filters;
}

/// The part of first to end - 1 that is there
static ub_span
clip(int64_t first, int64_t end, int64_t size)
{
    first = first < 0 ? 0 : first;
    end = end > size ? size : end;
    return end > first ? (ub_span){(uint32_t)first, (uint32_t)(end - first)} : (ub_span){0, 0};
}

ub_span
ub_step_input(const ub_layer* layer, ub_span out)
{
    const int64_t s = layer->stride[0];
    const int64_t first = out.first;
    const int64_t last = first + out.count - 1;
    const int64_t before = layer->pad[0][0]; // zeros, or what is cropped
    const int64_t reach = (int64_t)(layer->kernel[0] - 1) * layer->dilation[0];
    if (!out.count) {
        return (ub_span){0, 0};
    }
    if (!layer->transposed) {
        return clip(first * s - before, last * s - before + reach + 1, layer->in_size[0]);
    }
    // Input t reaches outputs t * s to t * s + reach, before the crop
    const int64_t from = first + before - reach;
    return clip(from <= 0 ? 0 : (from + s - 1) / s, (last + before) / s + 1, layer->in_size[0]);
}

/// From the first frame of either to the last
static ub_span
both(ub_span a, ub_span b)
{
    if (!a.count || !b.count) {
        return a.count ? a : b;
    }
    const uint32_t first = a.first < b.first ? a.first : b.first;
    const uint32_t a_end = a.first + a.count;
    const uint32_t b_end = b.first + b.count;
    return (ub_span){first, (a_end > b_end ? a_end : b_end) - first};
}

ub_span
ub_step_output(const ub_step* step, const ub_span* needed)
{
    ub_span out = {0, 0};
    for (uint32_t i = 0; i < step->n_out; ++i) {
        out = both(out, needed[step->out[i].image]);
    }
    return out;
}

void
ub_steps_frames(const ub_steps* steps, ub_span mask, ub_span needed[UB_MAX_IMAGES])
{
    memset(needed, 0, UB_MAX_IMAGES * sizeof(*needed));
    needed[steps->images - 1] = mask;
    for (uint32_t i = steps->n; i-- > 0;) {
        const ub_step* step = &steps->step[i];
        const ub_span in = ub_step_input(step->layer, ub_step_output(step, needed));
        for (uint32_t k = 0; k < step->n_in; ++k) {
            needed[step->in[k]] = both(needed[step->in[k]], in);
        }
    }
}
