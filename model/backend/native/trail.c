// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/trail.h"

#include <stdlib.h>
#include <string.h>

struct ub_trail_rows_s {
    const ub_trail* trail;
    float* condition; // all scales and shifts of the encoder
    int64_t* numbers; // stream frame that each row sits at, layer by layer
    char* rows;       // layer by layer
    uint64_t used;    // when, in windows; 0 for never
};

struct ub_trail_s {
    ub_reuse reuse;
    size_t condition_size; // bytes
    uint32_t slots;        // rows of all layers
    uint32_t first_slot[UB_MAX_LAYERS];
    size_t first_byte[UB_MAX_LAYERS];
    uint64_t windows;
    uint32_t conditions;
    ub_trail_rows kept[];
};

#define NO_FRAME INT64_MIN

static void
forget(ub_trail_rows* kept)
{
    for (uint32_t i = 0; i < kept->trail->slots; ++i) {
        kept->numbers[i] = NO_FRAME;
    }
}

static bool
make_rows(ub_trail* trail, ub_trail_rows* kept)
{
    kept->trail = trail;
    kept->condition = (float*)malloc(trail->condition_size);
    kept->numbers = (int64_t*)malloc(trail->slots * sizeof(int64_t));
    kept->rows = (char*)malloc(trail->reuse.size);
    return kept->condition && kept->numbers && kept->rows;
}

ub_trail*
ub_trail_new(const ub_model* model, uint32_t step, uint32_t conditions)
{
    ub_reuse reuse;
    if (!conditions || !ub_reuse_choose(&reuse, &model->net, step, sizeof(float))) {
        return NULL;
    }
    ub_trail* trail = (ub_trail*)calloc(1, sizeof(ub_trail) + conditions * sizeof(ub_trail_rows));
    if (!trail) {
        return NULL;
    }
    trail->reuse = reuse;
    trail->conditions = conditions;
    size_t bytes = 0;
    for (uint32_t i = 0; i < reuse.layers; ++i) {
        trail->first_slot[i] = trail->slots;
        trail->first_byte[i] = bytes;
        trail->slots += reuse.layer[i].slots;
        bytes += reuse.layer[i].slots * reuse.layer[i].row_size;
        trail->condition_size += 2 * sizeof(float) * model->net.unet[0].encoder[i].filters;
    }
    for (uint32_t i = 0; i < conditions; ++i) {
        if (!make_rows(trail, &trail->kept[i])) {
            ub_trail_free(trail);
            return NULL;
        }
    }
    return trail;
}

void
ub_trail_free(ub_trail* trail)
{
    for (uint32_t i = 0; trail && i < trail->conditions; ++i) {
        free(trail->kept[i].condition);
        free(trail->kept[i].numbers);
        free(trail->kept[i].rows);
    }
    free(trail);
}

const ub_reuse*
ub_trail_reuse(const ub_trail* trail)
{
    return &trail->reuse;
}

bool
ub_trail_is(const ub_trail_rows* kept, const ub_folded* folded)
{
    return kept->used &&
           !memcmp(kept->condition, folded->encoder_scale[0], kept->trail->condition_size);
}

ub_trail_rows*
ub_trail_find(ub_trail* trail, const ub_folded* folded)
{
    ub_trail_rows* oldest = trail->kept;
    ++trail->windows;
    for (ub_trail_rows* k = trail->kept; k < trail->kept + trail->conditions; ++k) {
        if (ub_trail_is(k, folded)) {
            k->used = trail->windows;
            return k;
        }
        oldest = k->used < oldest->used ? k : oldest;
    }
    memcpy(oldest->condition, folded->encoder_scale[0], trail->condition_size);
    forget(oldest);
    oldest->used = trail->windows;
    return oldest;
}

/** Where a row is, if it is kept. */
typedef struct {
    int64_t number; ///< Stream frame that it sits at
    uint32_t slot;  ///< Of all layers' slots
    size_t at;      ///< Byte
} place;

static place
find_place(const ub_trail* trail, uint32_t layer, int64_t start, uint32_t row)
{
    const ub_kept* k = &trail->reuse.layer[layer];
    const int64_t number = start + (int64_t)row * k->stride;
    const int64_t grain = k->grain;
    const int64_t grains = number >= 0 ? number / grain : -((grain - 1 - number) / grain);
    const int64_t rest = grains % k->slots;
    const uint32_t slot = (uint32_t)(rest < 0 ? rest + k->slots : rest);
    return (place){number, trail->first_slot[layer] + slot,
                   trail->first_byte[layer] + slot * k->row_size};
}

static bool
has_span(const ub_trail_rows* kept, uint32_t layer, ub_span span, int64_t start)
{
    bool has = true;
    for (uint32_t row = span.first; has && row < span.first + span.count; ++row) {
        const place p = find_place(kept->trail, layer, start, row);
        has = kept->numbers[p.slot] == p.number;
    }
    return has;
}

bool
ub_trail_has(const ub_trail_rows* kept, const ub_rows rows[UB_MAX_LAYERS], int64_t start)
{
    bool has = true;
    for (uint32_t i = 0; has && i < kept->trail->reuse.layers; ++i) {
        has =
            has_span(kept, i, rows[i].kept[0], start) && has_span(kept, i, rows[i].kept[1], start);
    }
    return has;
}

void
ub_trail_take(const ub_trail_rows* kept, uint32_t layer, const ub_rows* rows, int64_t start,
              void* output)
{
    const size_t size = kept->trail->reuse.layer[layer].row_size;
    for (int i = 0; i < 2; ++i) {
        const ub_span span = rows->kept[i];
        for (uint32_t row = span.first; row < span.first + span.count; ++row) {
            const place p = find_place(kept->trail, layer, start, row);
            memcpy((char*)output + row * size, kept->rows + p.at, size);
        }
    }
}

void
ub_trail_keep(ub_trail_rows* kept, uint32_t layer, ub_span computed, int64_t start,
              const void* output)
{
    const ub_kept* k = &kept->trail->reuse.layer[layer];
    const uint32_t end = computed.first + computed.count;
    if (!k->slots) {
        return;
    }
    uint32_t row = computed.first > k->kept_first ? computed.first : k->kept_first;
    for (; row < end && row < k->kept_end; ++row) {
        const place p = find_place(kept->trail, layer, start, row);
        kept->numbers[p.slot] = p.number;
        memcpy(kept->rows + p.at, (const char*)output + row * k->row_size, k->row_size);
    }
}
