// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/masks.h"

#include <math.h>
#include <string.h>

/// Whether every mask takes every source's output
static bool
is_shared(const ub_network* net)
{
    return net->softmax || net->ratio_exponent > 0.0f;
}

bool
ub_mask_is_made(const ub_network* net)
{
    return net->unets > 1 || is_shared(net);
}

/// Which U-Net gives a source
static uint32_t
giver(const ub_network* net, uint32_t source)
{
    for (uint32_t u = 0; u < net->unets; ++u) {
        for (uint32_t i = 0; i < net->unet[u].sources; ++i) {
            if (net->unet[u].source[i] == source) {
                return u;
            }
        }
    }
    return 0;
}

static uint32_t
shared_passes(const ub_network* net, ub_pass* passes)
{
    for (uint32_t i = 0; i < net->sources; ++i) {
        passes[i].unet = giver(net, i);
        passes[i].condition[i] = 1.0f;
    }
    return net->sources;
}

uint32_t
ub_mask_passes(const ub_network* net, const float* condition, ub_pass passes[UB_NET_SOURCES])
{
    uint32_t n = 0;
    memset(passes, 0, UB_NET_SOURCES * sizeof(*passes));
    if (!ub_mask_is_made(net)) {
        memcpy(passes[0].condition, condition, net->sources * sizeof(float));
        return 1;
    }
    if (is_shared(net)) {
        return shared_passes(net, passes);
    }
    for (uint32_t u = 0; u < net->unets; ++u) {
        const ub_unet* unet = &net->unet[u];
        bool asked = false;
        for (uint32_t i = 0; i < unet->sources; ++i) {
            const uint32_t source = unet->source[i];
            asked = asked || condition[source] != 0.0f;
            // Without a control the pass is the same however much of its source is asked for
            passes[n].condition[source] = unet->controls ? condition[source] : 1.0f;
        }
        passes[n].unet = u;
        if (asked) {
            ++n;
        } else {
            memset(&passes[n], 0, sizeof(*passes));
        }
    }
    return n;
}

/// How much of a pass's output is in the mask, where each U-Net has its own
static float
weight_of(const ub_network* net, const float* condition, const ub_pass* pass)
{
    const ub_unet* unet = &net->unet[pass->unet];
    return unet->controls ? 1.0f : condition[unet->source[0]];
}

static void
sum_own(const ub_network* net, const float* condition, const ub_mask_parts* parts, size_t size,
        float* mask)
{
    ub_pass passes[UB_NET_SOURCES];
    const uint32_t n = ub_mask_passes(net, condition, passes);
    float weight[UB_NET_SOURCES];
    for (uint32_t k = 0; k < n; ++k) {
        weight[k] = weight_of(net, condition, &passes[k]);
    }
    for (size_t i = 0; i < size; ++i) {
        float sum = 0.0f;
        for (uint32_t k = 0; k < n; ++k) {
            sum += weight[k] * parts->output[k][i];
        }
        mask[i] = sum < 1.0f ? sum : 1.0f;
    }
}

/// In place of every source's output its share of the sum of all their exponentials
static void
soften(uint32_t sources, float* output)
{
    float most = output[0];
    float sum = 0.0f;
    for (uint32_t k = 1; k < sources; ++k) {
        most = output[k] > most ? output[k] : most;
    }
    for (uint32_t k = 0; k < sources; ++k) {
        output[k] = expf(output[k] - most);
        sum += output[k];
    }
    for (uint32_t k = 0; k < sources; ++k) {
        output[k] /= sum;
    }
}

/// The mask of one value
static float
share(const ub_network* net, const float* condition, float input, float* output)
{
    float wanted = 0.0f;
    float all = 1.0f;
    if (net->softmax) {
        soften(net->sources, output);
    }
    if (net->ratio_exponent > 0.0f) {
        const float rest = net->ratio_epsilon / (float)net->sources;
        all = net->ratio_epsilon;
        for (uint32_t k = 0; k < net->sources; ++k) {
            const float x = input * fabsf(output[k]);
            const float power = net->ratio_exponent == 2.0f ? x * x : powf(x, net->ratio_exponent);
            all += power;
            output[k] = power + rest;
        }
    }
    for (uint32_t k = 0; k < net->sources; ++k) {
        wanted += condition[k] * output[k];
    }
    return wanted < all ? wanted / all : 1.0f;
}

void
ub_mask_make(const ub_network* net, const float* condition, const ub_mask_parts* parts, float* mask)
{
    const size_t plane = (size_t)parts->count * net->bins;
    if (!is_shared(net)) {
        sum_own(net, condition, parts, net->channels * plane, mask);
        return;
    }
    for (uint32_t c = 0; c < net->channels; ++c) {
        const float* input = parts->input + ((size_t)c * net->frames + parts->first) * net->bins;
        for (size_t i = 0; i < plane; ++i) {
            float output[UB_NET_SOURCES];
            for (uint32_t k = 0; k < net->sources; ++k) {
                output[k] = parts->output[k][c * plane + i];
            }
            mask[c * plane + i] = share(net, condition, input[i], output);
        }
    }
}
