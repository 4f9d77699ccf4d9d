// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/model.h"

#include <math.h>
#include <stdlib.h>

/// Most values between two layers of the condition generator
static uint32_t
max_units(const ub_unet* unet)
{
    uint32_t most = unet->sources;
    for (uint32_t i = 0; i < unet->controls; ++i) {
        const uint32_t values = unet->control[i].units * unet->control[i].out_length;
        most = values > most ? values : most;
    }
    return most;
}

/// Most numbers that a condition of any U-Net folds to
static size_t
most_numbers(const ub_model* model)
{
    size_t most = 0;
    for (uint32_t i = 0; i < model->net.unets; ++i) {
        most = model->steps[i].numbers > most ? model->steps[i].numbers : most;
    }
    return most;
}

/// Most values that any condition generator works with, its gammas and betas among them
static size_t
most_scratch(const ub_network* net)
{
    size_t most = 0;
    for (uint32_t i = 0; i < net->unets; ++i) {
        const size_t scratch = 2 * ((size_t)max_units(&net->unet[i]) + net->unet[i].pairs);
        most = scratch > most ? scratch : most;
    }
    return most;
}

ub_folded*
ub_folded_new(const ub_model* model)
{
    ub_folded* folded = (ub_folded*)calloc(1, sizeof(ub_folded));
    if (!folded) {
        return NULL;
    }
    folded->numbers = (float*)calloc(most_numbers(model), sizeof(float));
    folded->scratch = (double*)calloc(most_scratch(&model->net), sizeof(double));
    if (!folded->numbers || !folded->scratch) {
        ub_folded_free(folded);
        return NULL;
    }
    return folded;
}

void
ub_folded_free(ub_folded* folded)
{
    if (folded) {
        free(folded->numbers);
        free(folded->scratch);
        free(folded);
    }
}

double
ub_activate(const ub_activation* activation, double x)
{
    switch (activation->kind) {
    case UB_RELU:
        return x > 0.0 ? x : 0.0;
    case UB_LEAKY_RELU:
        return x > 0.0 ? x : x * (double)activation->slope;
    case UB_SIGMOID:
        return 1.0 / (1.0 + exp(-x));
    case UB_TANH:
        return tanh(x);
    case UB_ELU:
        return x > 0.0 ? x : expm1(x);
    case UB_LINEAR:
        break;
    }
    return x;
}

/// out = weight * in + bias
static void
affine(const ub_tensors* t, uint32_t units, uint32_t inputs, const double* in, double* out)
{
    for (uint32_t u = 0; u < units; ++u) {
        const float* row = t->weight + (size_t)u * inputs;
        double sum = (double)t->bias[u];
        for (uint32_t i = 0; i < inputs; ++i) {
            sum += (double)row[i] * in[i];
        }
        out[u] = sum;
    }
}

static double
norm_gain(const ub_tensors* t, float eps, uint32_t i)
{
    return (double)t->gain[i] / sqrt((double)t->var[i] + (double)eps);
}

/// One unit at one position: convolution [inputs][kernel] over in [inputs][in_length]
static double
control_value(const ub_control_layer* l, const ub_tensors* t, uint32_t unit, uint32_t position,
              const double* in)
{
    const float* w = t->weight + (size_t)unit * l->inputs * l->kernel;
    double sum = (double)t->bias[unit];
    for (uint32_t i = 0; i < l->inputs; ++i) {
        for (uint32_t k = 0; k < l->kernel; ++k) {
            const uint32_t at = position + k; // in the padded input
            if (at >= l->pad[0] && at - l->pad[0] < l->in_length) {
                sum += (double)w[i * l->kernel + k] * in[i * l->in_length + at - l->pad[0]];
            }
        }
    }
    sum = ub_activate(&l->activation, sum);
    return l->norm ? (sum - (double)t->mean[unit]) * norm_gain(t, l->eps, unit) +
                         (double)t->offset[unit]
                   : sum;
}

/// Run the condition generator; returns gamma [pairs], followed by beta [pairs]
static const double*
run_control(const ub_unet* unet, const ub_unet_tensors* t, const float* condition, double* scratch)
{
    const uint32_t most = max_units(unet);
    double* in = scratch;
    double* out = in + most;
    double* pairs = in + 2 * (size_t)most;
    for (uint32_t i = 0; i < unet->sources; ++i) {
        in[i] = (double)condition[unet->source[i]];
    }
    for (uint32_t i = 0; i < unet->controls; ++i) {
        const ub_control_layer* layer = &unet->control[i];
        for (uint32_t n = 0; n < layer->units * layer->out_length; ++n) {
            out[n] = control_value(layer, &t->control[i], n / layer->out_length,
                                   n % layer->out_length, in);
        }
        double* const swap = in;
        in = out;
        out = swap;
    }
    if (unet->pairs) {
        const uint32_t units = unet->control[unet->controls - 1].units;
        affine(&t->gamma, unet->pairs, units, in, pairs);
        affine(&t->beta, unet->pairs, units, in, pairs + unet->pairs);
    }
    return pairs;
}

/** y = scale * x + shift of one channel. */
typedef struct {
    double scale;
    double shift;
} line;

/** What the condition asks of the layers. */
typedef struct {
    const double* gamma; ///< [pairs]
    const double* beta;  ///< [pairs]
} film;

static line
after_norm(const ub_layer* layer, const ub_tensors* t, uint32_t channel, line x)
{
    if (layer->norm) {
        const double k = norm_gain(t, layer->eps, channel);
        x.shift = (x.shift - (double)t->mean[channel]) * k + (double)t->offset[channel];
        x.scale *= k;
    }
    return x;
}

static line
after_film(const film* f, ub_film kind, uint32_t pair, uint32_t channel, line x)
{
    if (kind != UB_FILM_NONE) {
        pair += kind == UB_FILM_COMPLEX ? channel : 0;
        x.shift = x.shift * f->gamma[pair] + f->beta[pair];
        x.scale *= f->gamma[pair];
    }
    return x;
}

/// One channel of an image: what comes before its activation, and after it
static void
fold_channel(const ub_step* step, const ub_step_out* out, const film* f, uint32_t channel,
             line* before, line* after)
{
    const ub_layer* l = step->layer;
    *before = (line){1.0, (double)step->tensors->bias[channel]};
    *after = (line){1.0, 0.0};
    line* last = l->activation_first ? after : before;
    if (!out->skip || !l->raw_skip) {
        *last = after_norm(l, step->tensors, channel, *last);
        *last = after_film(f, l->film, l->pair, channel, *last);
    }
    if (out->skip) {
        last = out->after ? after : before;
        *last = after_film(f, l->skip_film, l->skip_pair, channel, *last);
    }
}

static void
fold_image(const ub_step* step, const ub_step_out* out, const film* f, float* numbers)
{
    const uint32_t n = step->layer->filters;
    for (uint32_t i = 0; i < n; ++i) {
        line before;
        line after;
        fold_channel(step, out, f, i, &before, &after);
        numbers[i] = (float)before.scale;
        numbers[n + i] = (float)before.shift;
        if (out->after) {
            numbers[2 * n + i] = (float)after.scale;
            numbers[3 * n + i] = (float)after.shift;
        }
    }
}

void
ub_fold(const ub_model* model, uint32_t unet, const float* condition, ub_folded* folded)
{
    const ub_steps* steps = &model->steps[unet];
    const ub_unet* net = &model->net.unet[unet];
    const double* gamma = run_control(net, &model->unet[unet], condition, folded->scratch);
    const film f = {gamma, gamma + net->pairs};
    folded->unet = unet;
    for (uint32_t i = 0; i < steps->n; ++i) {
        const ub_step* step = &steps->step[i];
        for (uint32_t k = 0; k < step->n_out; ++k) {
            fold_image(step, &step->out[k], &f, folded->numbers + step->out[k].numbers);
        }
    }
}
