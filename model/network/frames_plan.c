// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/frames_plan.h"

#include <stdlib.h>
#include <string.h>

#define LANES 16U ///< Output channels that a vector holds

static bool
make_decoder(ub_decoder_plan* d, const ub_layer* layer, ub_span out)
{
    ub_part parts[UB_MAX_PARTS];
    bool group[2] = {false, false};
    ub_best_group(layer, LANES, group);
    d->out = out;
    d->n_parts = ub_split(layer, out, group, parts);
    d->in = ub_parts_input(parts, d->n_parts);
    d->parts = (ub_part*)calloc(d->n_parts, sizeof(ub_part));
    d->raw = (size_t*)calloc(d->n_parts, sizeof(size_t));
    if (!d->parts || !d->raw) {
        return false;
    }
    memcpy(d->parts, parts, d->n_parts * sizeof(ub_part));
    for (uint32_t i = 0; i < d->n_parts; ++i) {
        d->raw[i] = d->raw_size;
        d->raw_size += (size_t)parts[i].filters * parts[i].out_size[0] * parts[i].out_size[1];
    }
    return true;
}

bool
ub_frames_plan_make(ub_frames_plan* plan, const ub_network* net, uint32_t first, uint32_t count)
{
    plan->first = first;
    plan->count = count;
    plan->decoders = net->decoders;
    ub_span out = {first, count};
    bool made = true;
    for (uint32_t i = net->decoders; made && i-- > 0;) {
        made = make_decoder(&plan->decoder[i], &net->decoder[i], out);
        out = plan->decoder[i].in;
    }
    return made;
}

void
ub_frames_plan_clear(ub_frames_plan* plan)
{
    for (uint32_t i = 0; i < plan->decoders; ++i) {
        free(plan->decoder[i].parts);
        free(plan->decoder[i].raw);
    }
    memset(plan, 0, sizeof(*plan));
}
