// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/masks.h"

#include "model/network/shares.h"

#include <math.h>
#include <string.h>

#define RUN 256U ///< Values made together

/// Always, each of all sources' outputs
static bool
are_ratios(const ub_network* net)
{
    return net->softmax || net->ratio_exponent > 0.0f;
}

/// In that job, of U-Nets' parts of the mix
static bool
are_shares(const ub_network* net, bool thorough)
{
    return thorough && net->share_exponent > 0.0f;
}

bool
ub_masks_are_shared(const ub_network* net, bool thorough)
{
    return are_ratios(net) || are_shares(net, thorough);
}

bool
ub_mask_is_made(const ub_network* net)
{
    return net->unets > 1 || ub_masks_are_shared(net, true);
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
ratio_passes(const ub_network* net, ub_pass* passes)
{
    for (uint32_t i = 0; i < net->sources; ++i) {
        passes[i].unet = giver(net, i);
        passes[i].condition[i] = 1.0f;
    }
    return net->sources;
}

/// The most that is asked of a U-Net's sources below some amount; 0 if nothing is
static float
next_amount(const ub_unet* unet, const float* condition, float below)
{
    float most = 0.0f;
    for (uint32_t i = 0; i < unet->sources; ++i) {
        const float amount = condition[unet->source[i]];
        most = amount < below && amount > most ? amount : most;
    }
    return most;
}

/// A pass for each amount: all sources of which as much is asked, as much as it is above the next
static uint32_t
own_passes(const ub_network* net, uint32_t u, const float* condition, ub_pass* passes)
{
    const ub_unet* unet = &net->unet[u];
    uint32_t n = 0;
    for (float amount = next_amount(unet, condition, INFINITY); amount > 0.0f; ++n) {
        const float next = next_amount(unet, condition, amount);
        passes[n].unet = u;
        passes[n].weight = amount - next;
        for (uint32_t i = 0; i < unet->sources; ++i) {
            const uint32_t source = unet->source[i];
            passes[n].condition[source] = condition[source] >= amount ? 1.0f : 0.0f;
        }
        amount = next;
    }
    return n;
}

uint32_t
ub_mask_passes(const ub_network* net, bool thorough, const float* condition,
               ub_pass passes[UB_MASK_PASSES])
{
    uint32_t n = 0;
    memset(passes, 0, UB_MASK_PASSES * sizeof(*passes));
    if (are_shares(net, thorough)) {
        return ub_share_passes(net, passes);
    }
    if (are_ratios(net)) {
        return ratio_passes(net, passes);
    }
    if (net->unets == 1) {
        memcpy(passes[0].condition, condition, net->sources * sizeof(float));
        passes[0].weight = 1.0f;
        return 1;
    }
    for (uint32_t u = 0; u < net->unets; ++u) {
        n += own_passes(net, u, condition, passes + n);
    }
    return n;
}

static void
sum_own(const ub_network* net, const float* condition, const ub_mask_parts* parts, size_t size,
        float* mask)
{
    ub_pass passes[UB_MASK_PASSES];
    const uint32_t n = ub_mask_passes(net, false, condition, passes);
    for (size_t i = 0; i < size; ++i) {
        float sum = 0.0f;
        for (uint32_t k = 0; k < n; ++k) {
            sum += passes[k].weight * parts->output[k][i];
        }
        mask[i] = sum < 1.0f ? sum : 1.0f;
    }
}

/** Some values of all sources' outputs, and what becomes of them. */
typedef struct {
    size_t n;
    float output[UB_NET_SOURCES][RUN];
    float all[RUN]; ///< What their sum is a share of
} run;

/// In place of every source's output its share of the sum of all their exponentials
static void
soften(run* r, uint32_t sources)
{
    float most[RUN];
    float sum[RUN] = {0.0f};
    memcpy(most, r->output[0], r->n * sizeof(float));
    for (uint32_t k = 1; k < sources; ++k) {
        for (size_t i = 0; i < r->n; ++i) {
            most[i] = r->output[k][i] > most[i] ? r->output[k][i] : most[i];
        }
    }
    for (uint32_t k = 0; k < sources; ++k) {
        for (size_t i = 0; i < r->n; ++i) {
            r->output[k][i] = expf(r->output[k][i] - most[i]);
            sum[i] += r->output[k][i];
        }
    }
    for (uint32_t k = 0; k < sources; ++k) {
        for (size_t i = 0; i < r->n; ++i) {
            r->output[k][i] /= sum[i];
        }
    }
}

/// In place of every source's output its power
static void
raise(run* r, const ub_network* net, const float* input)
{
    const float rest = net->ratio_epsilon / (float)net->sources;
    for (size_t i = 0; i < r->n; ++i) {
        r->all[i] = net->ratio_epsilon;
    }
    for (uint32_t k = 0; k < net->sources; ++k) {
        float* x = r->output[k];
        for (size_t i = 0; i < r->n; ++i) {
            x[i] = input[i] * fabsf(x[i]);
        }
        for (size_t i = 0; i < r->n; ++i) {
            x[i] = ub_power(x[i], net->ratio_exponent);
            r->all[i] += x[i];
            x[i] += rest;
        }
    }
}

static void
share(const run* r, uint32_t sources, const float* condition, float* mask)
{
    float wanted[RUN] = {0.0f};
    for (uint32_t k = 0; k < sources; ++k) {
        for (size_t i = 0; i < r->n; ++i) {
            wanted[i] += condition[k] * r->output[k][i];
        }
    }
    for (size_t i = 0; i < r->n; ++i) {
        mask[i] = wanted[i] < r->all[i] ? wanted[i] / r->all[i] : 1.0f;
    }
}

/// From value `at` of a plane on
static void
load(run* r, const ub_network* net, const ub_mask_parts* parts, uint32_t channel, size_t at)
{
    const size_t plane = (size_t)parts->count * net->bins;
    const float* input =
        parts->input + ((size_t)channel * net->frames + parts->first) * net->bins + at;
    r->n = plane - at < RUN ? plane - at : RUN;
    for (uint32_t k = 0; k < net->sources; ++k) {
        memcpy(r->output[k], parts->output[k] + channel * plane + at, r->n * sizeof(float));
    }
    for (size_t i = 0; i < r->n; ++i) {
        r->all[i] = 1.0f;
    }
    if (net->softmax) {
        soften(r, net->sources);
    }
    if (net->ratio_exponent > 0.0f) {
        raise(r, net, input);
    }
}

static void
make_ratios(const ub_network* net, uint32_t n, const float* const* condition,
            const ub_mask_parts* parts, float* const* mask)
{
    const size_t plane = (size_t)parts->count * net->bins;
    run r;
    for (uint32_t c = 0; c < net->channels; ++c) {
        for (size_t at = 0; at < plane; at += RUN) {
            load(&r, net, parts, c, at);
            for (uint32_t m = 0; m < n; ++m) {
                share(&r, net->sources, condition[m], mask[m] + c * plane + at);
            }
        }
    }
}

void
ub_masks_make(const ub_network* net, bool thorough, uint32_t n, const float* const* condition,
              const ub_mask_parts* parts, float* const* mask)
{
    const size_t size = (size_t)net->channels * parts->count * net->bins;
    if (are_shares(net, thorough)) {
        ub_shares_make(net, n, condition, parts, mask);
    } else if (are_ratios(net)) {
        make_ratios(net, n, condition, parts, mask);
    } else {
        for (uint32_t m = 0; m < n; ++m) {
            sum_own(net, condition[m], parts, size, mask[m]);
        }
    }
}
