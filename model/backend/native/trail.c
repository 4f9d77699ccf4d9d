// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/trail.h"

#include <stdlib.h>
#include <string.h>

/** How one of the generic networks' rows are kept. */
typedef struct {
    ub_reuse reuse;        // step 0 for nothing
    size_t condition_size; // bytes of a condition's numbers for the encoder
    uint32_t slots;        // rows of all layers
    uint32_t first_slot[UB_MAX_LAYERS];
    size_t first_byte[UB_MAX_LAYERS];
} shelf;

struct ub_trail_rows_s {
    const shelf* shelf; // NULL where none are kept yet
    float* condition;   // all scales and shifts of the encoder
    int64_t* numbers;   // stream frame that each row sits at, layer by layer
    char* rows;         // layer by layer
    uint64_t used;      // when, in windows; 0 for never
};

struct ub_trail_s {
    shelf shelf[UB_MAX_UNETS];
    uint64_t windows;
    uint32_t conditions;
    ub_trail_rows kept[];
};

#define NO_FRAME INT64_MIN

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/// As much as any of the networks needs
static bool
make_rows(const ub_trail* trail, ub_trail_rows* kept)
{
    size_t condition = 0;
    size_t slots = 0;
    size_t rows = 0;
    for (uint32_t i = 0; i < UB_MAX_UNETS; ++i) {
        condition = larger(condition, trail->shelf[i].condition_size);
        slots = larger(slots, trail->shelf[i].slots);
        rows = larger(rows, trail->shelf[i].reuse.size);
    }
    kept->condition = (float*)malloc(condition);
    kept->numbers = (int64_t*)malloc(slots * sizeof(int64_t));
    kept->rows = (char*)malloc(rows);
    return kept->condition && kept->numbers && kept->rows;
}

/// False if it is not worth it
static bool
make_shelf(shelf* s, const ub_steps* steps, uint32_t step)
{
    size_t bytes = 0;
    if (!ub_reuse_choose(&s->reuse, steps, step)) {
        return false;
    }
    for (uint32_t i = 0; i < s->reuse.layers; ++i) {
        s->first_slot[i] = s->slots;
        s->first_byte[i] = bytes;
        s->slots += s->reuse.layer[i].slots;
        bytes += s->reuse.layer[i].slots * s->reuse.layer[i].row_size;
    }
    s->condition_size = sizeof(float) * steps->step[steps->encoders].out[0].numbers;
    return true;
}

ub_trail*
ub_trail_new(const ub_model* model, uint32_t step, uint32_t conditions)
{
    ub_trail* trail = (ub_trail*)calloc(1, sizeof(ub_trail) + conditions * sizeof(ub_trail_rows));
    bool gains = false;
    bool made = trail;
    for (uint32_t i = 0; made && i < model->net.unets; ++i) {
        gains = make_shelf(&trail->shelf[i], &model->steps[i], step) || gains;
    }
    for (uint32_t i = 0; made && gains && i < conditions; ++i) {
        ++trail->conditions;
        made = make_rows(trail, &trail->kept[i]);
    }
    if (!made || !gains || !conditions) {
        ub_trail_free(trail);
        return NULL;
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
ub_trail_reuse(const ub_trail* trail, uint32_t unet)
{
    return trail->shelf[unet].reuse.step ? &trail->shelf[unet].reuse : NULL;
}

static bool
has_condition(const ub_trail_rows* kept, const shelf* s, const ub_folded* folded)
{
    return kept->shelf == s && !memcmp(kept->condition, folded->numbers, s->condition_size);
}

bool
ub_trail_is(const ub_trail_rows* kept, const ub_trail* trail, const ub_folded* folded)
{
    return has_condition(kept, &trail->shelf[folded->unet], folded);
}

ub_trail_rows*
ub_trail_find(ub_trail* trail, const ub_folded* folded)
{
    const shelf* s = &trail->shelf[folded->unet];
    ub_trail_rows* oldest = trail->kept;
    ++trail->windows;
    for (ub_trail_rows* k = trail->kept; k < trail->kept + trail->conditions; ++k) {
        if (has_condition(k, s, folded)) {
            k->used = trail->windows;
            return k;
        }
        oldest = k->used < oldest->used ? k : oldest;
    }
    memcpy(oldest->condition, folded->numbers, s->condition_size);
    oldest->shelf = s;
    oldest->used = trail->windows;
    for (uint32_t i = 0; i < s->slots; ++i) {
        oldest->numbers[i] = NO_FRAME;
    }
    return oldest;
}

/** Where a row is, if it is kept. */
typedef struct {
    int64_t number; ///< Stream frame that it sits at
    uint32_t slot;  ///< Of all layers' slots
    size_t at;      ///< Byte
} place;

static place
find_place(const shelf* s, uint32_t layer, int64_t start, uint32_t row)
{
    const ub_kept* k = &s->reuse.layer[layer];
    const int64_t number = start + (int64_t)row * k->stride;
    const int64_t grain = k->grain;
    const int64_t grains = number >= 0 ? number / grain : -((grain - 1 - number) / grain);
    const int64_t rest = grains % k->slots;
    const uint32_t slot = (uint32_t)(rest < 0 ? rest + k->slots : rest);
    return (place){number, s->first_slot[layer] + slot, s->first_byte[layer] + slot * k->row_size};
}

static bool
has_span(const ub_trail_rows* kept, uint32_t layer, ub_span span, int64_t start)
{
    bool has = true;
    for (uint32_t row = span.first; has && row < span.first + span.count; ++row) {
        const place p = find_place(kept->shelf, layer, start, row);
        has = kept->numbers[p.slot] == p.number;
    }
    return has;
}

bool
ub_trail_has(const ub_trail_rows* kept, const ub_rows rows[UB_MAX_LAYERS], int64_t start)
{
    bool has = true;
    for (uint32_t i = 0; has && i < kept->shelf->reuse.layers; ++i) {
        has =
            has_span(kept, i, rows[i].kept[0], start) && has_span(kept, i, rows[i].kept[1], start);
    }
    return has;
}

void
ub_trail_take(const ub_trail_rows* kept, uint32_t layer, const ub_rows* rows, int64_t start,
              float* const* images, uint32_t n)
{
    const size_t size = kept->shelf->reuse.layer[layer].row_size / n;
    for (uint32_t i = 0; i < 2; ++i) {
        const ub_span span = rows->kept[i];
        for (uint32_t row = span.first; row < span.first + span.count; ++row) {
            const place p = find_place(kept->shelf, layer, start, row);
            for (uint32_t k = 0; k < n; ++k) {
                memcpy((char*)images[k] + row * size, kept->rows + p.at + k * size, size);
            }
        }
    }
}

void
ub_trail_keep(ub_trail_rows* kept, uint32_t layer, ub_span computed, int64_t start,
              float* const* images, uint32_t n)
{
    const ub_kept* k = &kept->shelf->reuse.layer[layer];
    const size_t size = k->row_size / n;
    const uint32_t end = computed.first + computed.count;
    if (!k->slots) {
        return;
    }
    uint32_t row = computed.first > k->kept_first ? computed.first : k->kept_first;
    for (; row < end && row < k->kept_end; ++row) {
        const place p = find_place(kept->shelf, layer, start, row);
        kept->numbers[p.slot] = p.number;
        for (uint32_t i = 0; i < n; ++i) {
            memcpy(kept->rows + p.at + i * size, (const char*)images[i] + row * size, size);
        }
    }
}
