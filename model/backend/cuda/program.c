// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/program.h"

#include "model/backend/cuda/convs.h"
#include "model/backend/cuda/up.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(UB_CUDA_LAYERS >= UB_MAX_STEPS, "a program holds any network");
_Static_assert(UB_CUDA_TARGETS > UB_MAX_LAYERS, "the next layer and all skip connections");
_Static_assert(UB_CUDA_OUTPUTS >= UB_MAX_STEP_IMAGES, "all images that come of a step");

/// Values that an output's numbers take of an item's: the next one's begin at a whole lane
static uint32_t
finish_room(const ub_step* step, uint32_t output)
{
    return ub_cuda_padded(ub_step_numbers(step, &step->out[output]));
}

/// All later steps that read an image
static void
add_targets(ub_cuda_layer* to, const ub_steps* steps, uint32_t image, uint32_t output)
{
    for (uint32_t i = 0; i < steps->n; ++i) {
        uint32_t channel = 0;
        for (uint32_t k = 0; k < steps->step[i].n_in; ++k) {
            const uint32_t in = steps->step[i].in[k];
            if (in == image) {
                to->target[to->n_targets++] = (ub_cuda_target){output, i, channel};
            }
            channel += steps->image[in].channels;
        }
    }
    if (image + 1 == steps->images) {
        to->target[to->n_targets++] = (ub_cuda_target){output, UB_CUDA_MASK, 0};
    }
}

/// What all layers have: what becomes of their sums and where that goes
static void
finish_layer(ub_cuda_program* p, const ub_steps* steps, uint32_t i)
{
    static const ub_cuda_act acts[] = {
        [UB_LINEAR] = UB_CUDA_LINEAR,   [UB_RELU] = UB_CUDA_RELU, [UB_LEAKY_RELU] = UB_CUDA_LEAKY,
        [UB_SIGMOID] = UB_CUDA_SIGMOID, [UB_TANH] = UB_CUDA_TANH, [UB_ELU] = UB_CUDA_ELU};
    const ub_step* step = &steps->step[i];
    const ub_layer* layer = step->layer;
    ub_cuda_layer* to = &p->layer[i];
    p->image[i] =
        (ub_cuda_image){layer->in_size[0], layer->in_size[1], ub_cuda_padded(layer->inputs)};
    to->filters = layer->filters;
    to->bins = layer->out_size[1];
    for (uint32_t k = 0; k < step->n_out; ++k) {
        const ub_step_out* out = &step->out[k];
        to->output[k] = (ub_cuda_output){acts[out->activation.kind], out->activation.slope,
                                         out->after, p->finish};
        p->finish += finish_room(step, k);
        add_targets(to, steps, out->image, k);
    }
    size_t raw = 0;
    for (uint32_t k = 0; k < to->n_convs; ++k) {
        ub_cuda_conv* conv = &to->conv[k];
        conv->raw = raw;
        raw += (size_t)conv->filters * conv->out_size[0] * conv->out_size[1];
    }
    p->raw = raw > p->raw ? raw : p->raw;
}

static ub_span
join(ub_span a, ub_span b)
{
    const uint32_t first = a.first < b.first ? a.first : b.first;
    const uint32_t end_a = a.first + a.count;
    const uint32_t end_b = b.first + b.count;
    return !a.count ? b : (ub_span){first, (end_a > end_b ? end_a : end_b) - first};
}

ub_cuda_program*
ub_cuda_program_new(const ub_steps* steps, ub_span mask)
{
    ub_span needed[UB_MAX_IMAGES] = {{0, 0}}; // as convolutions read them, with more than is used
    uint32_t weights[UB_MAX_STEPS + 1] = {0};
    ub_cuda_program* p = (ub_cuda_program*)calloc(1, sizeof(ub_cuda_program));
    if (!p) {
        return NULL;
    }
    for (uint32_t i = 0; i < steps->n; ++i) {
        weights[i + 1] = weights[i] + ub_cuda_tensors(steps->step[i].layer);
    }
    p->channels = steps->image[0].channels;
    p->layers = steps->n;
    p->count = mask.count;
    needed[steps->images - 1] = mask;
    for (uint32_t i = steps->n; i-- > 0;) {
        const ub_step* step = &steps->step[i];
        const ub_span out = ub_step_output(step, needed);
        ub_cuda_layer* to = &p->layer[i];
        to->first = out.first;
        to->count = out.count;
        const ub_span in = ub_cuda_add_convs(to, step->layer, out, weights[i]);
        for (uint32_t k = 0; k < step->n_in; ++k) {
            needed[step->in[k]] = join(needed[step->in[k]], in);
        }
    }
    for (uint32_t i = 0; i < steps->n; ++i) {
        finish_layer(p, steps, i);
    }
    return p;
}

void
ub_cuda_finish_values(const ub_steps* steps, const ub_folded* folded, float* out)
{
    for (uint32_t i = 0; i < steps->n; ++i) {
        const ub_step* step = &steps->step[i];
        for (uint32_t k = 0; k < step->n_out; ++k) {
            memcpy(out, folded->numbers + step->out[k].numbers,
                   ub_step_numbers(step, &step->out[k]) * sizeof(float));
            out += finish_room(step, k);
        }
    }
}

uint32_t
ub_cuda_finish_size(const ub_steps* steps)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < steps->n; ++i) {
        for (uint32_t k = 0; k < steps->step[i].n_out; ++k) {
            size += finish_room(&steps->step[i], k);
        }
    }
    return size;
}
