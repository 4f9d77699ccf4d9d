// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/model.h"

#include <math.h>
#include <stdlib.h>

/// Most values between two layers of the condition generator
static uint32_t
max_units(const ub_network* net)
{
    uint32_t most = net->sources;
    for (uint32_t i = 0; i < net->controls; ++i) {
        const uint32_t values = net->control[i].units * net->control[i].out_length;
        most = values > most ? values : most;
    }
    return most;
}

ub_folded*
ub_folded_new(const ub_network* net)
{
    ub_folded* folded = (ub_folded*)calloc(1, sizeof(ub_folded));
    if (!folded) {
        return NULL;
    }
    size_t filters = 0;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        filters += net->encoder[i].filters;
    }
    for (uint32_t i = 0; i < net->decoders; ++i) {
        filters += net->decoder[i].filters;
    }
    folded->storage = (float*)calloc(2 * filters, sizeof(float));
    folded->scratch = (double*)calloc(2 * ((size_t)max_units(net) + net->pairs), sizeof(double));
    if (!folded->storage || !folded->scratch) {
        ub_folded_free(folded);
        return NULL;
    }
    float* at = folded->storage;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        folded->encoder_scale[i] = at;
        folded->encoder_shift[i] = at + net->encoder[i].filters;
        at += 2 * (size_t)net->encoder[i].filters;
    }
    for (uint32_t i = 0; i < net->decoders; ++i) {
        folded->decoder_scale[i] = at;
        folded->decoder_shift[i] = at + net->decoder[i].filters;
        at += 2 * (size_t)net->decoder[i].filters;
    }
    return folded;
}

void
ub_folded_free(ub_folded* folded)
{
    if (folded) {
        free(folded->storage);
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
run_control(const ub_model* model, const float* condition, ub_folded* folded)
{
    const ub_network* net = &model->net;
    const uint32_t most = max_units(net);
    double* in = folded->scratch;
    double* out = in + most;
    double* pairs = in + 2 * (size_t)most;
    for (uint32_t i = 0; i < net->sources; ++i) {
        in[i] = (double)condition[i];
    }
    for (uint32_t i = 0; i < net->controls; ++i) {
        const ub_control_layer* layer = &net->control[i];
        for (uint32_t n = 0; n < layer->units * layer->out_length; ++n) {
            out[n] = control_value(layer, &model->control[i], n / layer->out_length,
                                   n % layer->out_length, in);
        }
        double* const swap = in;
        in = out;
        out = swap;
    }
    if (net->pairs) {
        const uint32_t units = net->control[net->controls - 1].units;
        affine(&model->gamma, net->pairs, units, in, pairs);
        affine(&model->beta, net->pairs, units, in, pairs + net->pairs);
    }
    return pairs;
}

static void
fold_layer(const ub_layer* layer, const ub_tensors* t, const double* gamma, const double* beta,
           float* scale, float* shift)
{
    for (uint32_t i = 0; i < layer->filters; ++i) {
        double k = 1.0;
        double b = (double)t->bias[i];
        if (layer->norm) {
            k = norm_gain(t, layer->eps, i);
            b = (b - (double)t->mean[i]) * k + (double)t->offset[i];
        }
        if (layer->film != UB_FILM_NONE) {
            const uint32_t pair = layer->pair + (layer->film == UB_FILM_COMPLEX ? i : 0);
            k *= gamma[pair];
            b = b * gamma[pair] + beta[pair];
        }
        scale[i] = (float)k;
        shift[i] = (float)b;
    }
}

void
ub_fold(const ub_model* model, const float* condition, ub_folded* folded)
{
    const ub_network* net = &model->net;
    const double* gamma = run_control(model, condition, folded);
    const double* beta = gamma + net->pairs;
    for (uint32_t i = 0; i < net->encoders; ++i) {
        fold_layer(&net->encoder[i], &model->encoder[i], gamma, beta, folded->encoder_scale[i],
                   folded->encoder_shift[i]);
    }
    for (uint32_t i = 0; i < net->decoders; ++i) {
        fold_layer(&net->decoder[i], &model->decoder[i], gamma, beta, folded->decoder_scale[i],
                   folded->decoder_shift[i]);
    }
}
