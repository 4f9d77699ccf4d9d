// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/model.h"

#include <math.h>
#include <stdlib.h>

static uint32_t
max_units(const ub_network* net)
{
    uint32_t most = net->sources;
    for (uint32_t i = 0; i < net->controls; ++i) {
        most = net->control[i].units > most ? net->control[i].units : most;
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
    uint32_t units = net->sources;
    for (uint32_t i = 0; i < net->controls; ++i) {
        const ub_control_layer* layer = &net->control[i];
        const ub_tensors* t = &model->control[i];
        affine(t, layer->units, layer->inputs, in, out);
        for (uint32_t u = 0; u < layer->units; ++u) {
            out[u] = ub_activate(&layer->activation, out[u]);
            if (layer->norm) {
                out[u] = (out[u] - (double)t->mean[u]) * norm_gain(t, layer->eps, u) +
                         (double)t->offset[u];
            }
        }
        double* const swap = in;
        in = out;
        out = swap;
        units = layer->units;
    }
    if (net->pairs) {
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
