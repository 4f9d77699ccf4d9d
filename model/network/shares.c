// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/shares.h"

#include <math.h>
#include <string.h>

#define RUN   256U  ///< Values made together
#define FLOOR 1e-6f ///< Of an output, so that there is always something to share by
#define NONE  UINT32_MAX

float
ub_power(float x, float exponent)
{
    if (exponent == 2.0f) {
        return x * x;
    }
    return exponent == 1.5f ? x * sqrtf(x) : powf(x, exponent);
}

/** Which pass is for what. */
typedef struct {
    uint32_t n;
    uint32_t whole[UB_MAX_UNETS]; ///< All of a U-Net's sources of the mix, or NONE
    uint32_t own[UB_NET_SOURCES]; ///< A source alone, or NONE: it is the only one of those
} plan;

static plan
make_plan(const ub_network* net)
{
    plan p = {0};
    for (uint32_t u = 0; u < net->unets; ++u) {
        const ub_unet* unet = &net->unet[u];
        uint32_t of_mix = 0;
        for (uint32_t i = 0; i < unet->sources; ++i) {
            of_mix += net->of_mix[unet->source[i]];
        }
        p.whole[u] = of_mix ? p.n++ : NONE;
        for (uint32_t i = 0; i < unet->sources; ++i) {
            const uint32_t s = unet->source[i];
            p.own[s] = of_mix == 1 && net->of_mix[s] ? NONE : p.n++;
        }
    }
    return p;
}

uint32_t
ub_share_passes(const ub_network* net, ub_pass passes[UB_MASK_PASSES])
{
    const plan p = make_plan(net);
    memset(passes, 0, UB_MASK_PASSES * sizeof(*passes));
    for (uint32_t u = 0; u < net->unets; ++u) {
        const ub_unet* unet = &net->unet[u];
        for (uint32_t i = 0; i < unet->sources; ++i) {
            const uint32_t s = unet->source[i];
            if (p.own[s] != NONE) {
                passes[p.own[s]].unet = u;
                passes[p.own[s]].condition[s] = 1.0f;
            }
            if (net->of_mix[s]) {
                passes[p.whole[u]].unet = u;
                passes[p.whole[u]].condition[s] = 1.0f;
            }
        }
    }
    return p.n;
}

static float
limited(float x)
{
    return x < 0.0f ? 0.0f : x < 1.0f ? x : 1.0f;
}

/** Some values of all outputs, which become those of all masks. */
typedef struct {
    size_t n;
    float output[UB_MASK_PASSES][RUN];
} run;

/// What the U-Nets say of the mix, each about its part: what they lack of 1, or have too much, is
/// shared out among them
static void
complete(run* r, const ub_network* net, const plan* p)
{
    float lack[RUN];
    float parts = 0.0f;
    for (size_t i = 0; i < r->n; ++i) {
        lack[i] = 1.0f;
    }
    for (uint32_t u = 0; u < net->unets; ++u) {
        float* x = p->whole[u] == NONE ? NULL : r->output[p->whole[u]];
        parts += x ? 1.0f : 0.0f;
        for (size_t i = 0; x && i < r->n; ++i) {
            x[i] = limited(x[i]);
            lack[i] -= x[i];
        }
    }
    for (uint32_t u = 0; u < net->unets; ++u) {
        float* x = p->whole[u] == NONE ? NULL : r->output[p->whole[u]];
        for (size_t i = 0; x && i < r->n; ++i) {
            x[i] = limited(x[i] + lack[i] / parts);
        }
    }
}

/// Of a U-Net's part its sources get shares by powers of their own outputs
static void
divide(run* r, const ub_network* net, const plan* p, uint32_t u)
{
    const ub_unet* unet = &net->unet[u];
    float sum[RUN] = {0.0f};
    for (uint32_t k = 0; k < unet->sources; ++k) {
        const uint32_t s = unet->source[k];
        float* x = net->of_mix[s] && p->own[s] != NONE ? r->output[p->own[s]] : NULL;
        for (size_t i = 0; x && i < r->n; ++i) {
            x[i] = ub_power((x[i] > 0.0f ? x[i] : 0.0f) + FLOOR, net->share_exponent);
            sum[i] += x[i];
        }
    }
    for (uint32_t k = 0; k < unet->sources; ++k) {
        const uint32_t s = unet->source[k];
        float* x = net->of_mix[s] && p->own[s] != NONE ? r->output[p->own[s]] : NULL;
        for (size_t i = 0; x && i < r->n; ++i) {
            x[i] *= r->output[p->whole[u]][i] / sum[i];
        }
    }
}

static void
add_up(const run* r, const ub_network* net, const plan* p, const float* condition, float* mask)
{
    float wanted[RUN] = {0.0f};
    for (uint32_t u = 0; u < net->unets; ++u) {
        for (uint32_t k = 0; k < net->unet[u].sources; ++k) {
            const uint32_t s = net->unet[u].source[k];
            const float* x = r->output[p->own[s] == NONE ? p->whole[u] : p->own[s]];
            for (size_t i = 0; condition[s] != 0.0f && i < r->n; ++i) {
                wanted[i] += condition[s] * x[i];
            }
        }
    }
    for (size_t i = 0; i < r->n; ++i) {
        mask[i] = wanted[i] < 1.0f ? wanted[i] : 1.0f;
    }
}

void
ub_shares_make(const ub_network* net, uint32_t n, const float* const* condition,
               const ub_mask_parts* parts, float* const* mask)
{
    const plan p = make_plan(net);
    const size_t size = (size_t)net->channels * parts->count * net->bins;
    run r;
    for (size_t at = 0; at < size; at += RUN) {
        r.n = size - at < RUN ? size - at : RUN;
        for (uint32_t k = 0; k < p.n; ++k) {
            memcpy(r.output[k], parts->output[k] + at, r.n * sizeof(float));
        }
        complete(&r, net, &p);
        for (uint32_t u = 0; u < net->unets; ++u) {
            divide(&r, net, &p, u);
        }
        for (uint32_t m = 0; m < n; ++m) {
            add_up(&r, net, &p, condition[m], mask[m] + at);
        }
    }
}
