// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/desk.h"

#include "dsp/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Items of one run, each of which has its masks and its folded condition; what one job needs
#define LEAST_ITEMS UB_MAX_CONDITIONS
#define MOST_ITEMS  UB_DESK_JOBS
_Static_assert(LEAST_ITEMS >= UB_MAX_SLOTS && LEAST_ITEMS >= UB_NET_SOURCES, "see above");
_Static_assert(UB_NET_SOURCES == UB_MAX_SOURCES, "models and jobs have the same limit");

// Windows further apart have less in common than it costs to keep
#define LONGEST_STEP 8U

typedef struct {
    ub_folded* folded;
    float condition[UB_NET_SOURCES];
    uint64_t used; // when, in runs; 0 for never
} folded_entry;

struct ub_desk_s {
    const ub_backend* backend;
    const ub_model* model;
    ub_runner* runner;
    uint32_t batch;              // jobs served together
    uint32_t n_items;            // that one run may have
    float* window[UB_DESK_JOBS]; // [batch], each [channels][frames][bins]
    float* mask[MOST_ITEMS];     // [n_items], each [channels][frames][bins]
    folded_entry entry[MOST_ITEMS];
    uint64_t runs;
};

static bool
allocate(ub_desk* desk)
{
    const ub_network* net = &desk->model->net;
    const size_t size = sizeof(float) * net->channels * net->frames * net->bins;
    bool ok = true;
    for (uint32_t i = 0; i < desk->batch; ++i) {
        desk->window[i] = calloc(1, size);
        ok = ok && desk->window[i];
    }
    for (uint32_t i = 0; i < desk->n_items; ++i) {
        desk->mask[i] = malloc(size); // memory that is never touched costs nothing
        desk->entry[i].folded = ub_folded_new(desk->model);
        ok = ok && desk->mask[i] && desk->entry[i].folded;
    }
    return ok;
}

ub_desk*
ub_desk_new(const ub_backend* backend, const ub_model* model, char* err, size_t err_size)
{
    ub_desk* desk = calloc(1, sizeof(ub_desk));
    if (!desk) {
        snprintf(err, err_size, "engine: out of memory");
        return NULL;
    }
    desk->backend = backend;
    desk->model = ub_model_ref(model);
    desk->batch = backend->batch < UB_DESK_JOBS ? backend->batch : UB_DESK_JOBS;
    desk->batch = desk->batch ? desk->batch : 1;
    desk->n_items = desk->batch > LEAST_ITEMS ? desk->batch : LEAST_ITEMS;
    if (!allocate(desk)) {
        snprintf(err, err_size, "engine: out of memory");
    } else {
        desk->runner = backend->create(model, err, err_size);
    }
    if (!desk->runner) {
        ub_desk_free(desk);
        return NULL;
    }
    return desk;
}

void
ub_desk_free(ub_desk* desk)
{
    if (!desk) {
        return;
    }
    if (desk->runner) {
        desk->backend->destroy(desk->runner);
    }
    for (uint32_t i = 0; i < desk->n_items; ++i) {
        free(desk->mask[i]);
        ub_folded_free(desk->entry[i].folded);
    }
    for (uint32_t i = 0; i < desk->batch; ++i) {
        free(desk->window[i]);
    }
    ub_model_unref(desk->model);
    free(desk);
}

uint32_t
ub_desk_batch(const ub_desk* desk)
{
    return desk->batch;
}

uint32_t
ub_desk_items(const ub_desk* desk)
{
    return desk->n_items;
}

const char*
ub_desk_fault(const ub_desk* desk)
{
    return desk->backend->fault ? desk->backend->fault(desk->runner) : NULL;
}

// The folded condition, from the last few or made anew in place of the oldest
static const ub_folded*
folded(ub_desk* desk, const float* condition)
{
    const size_t size = desk->model->net.sources * sizeof(float);
    folded_entry* oldest = &desk->entry[0];
    for (uint32_t i = 0; i < desk->n_items; ++i) {
        folded_entry* e = &desk->entry[i];
        if (e->used && !memcmp(e->condition, condition, size)) {
            e->used = desk->runs;
            return e->folded;
        }
        oldest = e->used < oldest->used ? e : oldest;
    }
    memcpy(oldest->condition, condition, size);
    oldest->used = desk->runs;
    ub_fold(desk->model, 0, condition, oldest->folded);
    return oldest->folded;
}

static bool
run(ub_desk* desk, const ub_item* items, uint32_t n, const ub_span* span)
{
    return desk->backend->run(desk->runner, items, n, span->first, span->count);
}

// Conditions that jobs have: one for each slot, or more across a change
static uint32_t
usual_conditions(uint32_t slots)
{
    return slots > 2 ? slots : 2;
}

// A trail for windows that are so many frames apart, or NULL if it would not repay its memory
static ub_trail*
new_trail(const ub_desk* desk, uint32_t slots, uint32_t step)
{
    const bool worth = step && step <= LONGEST_STEP && desk->backend->trail_new;
    return worth ? desk->backend->trail_new(desk->model, step, slots) : NULL;
}

// The trail of a client's windows, made when it begins to ask for such
static ub_trail*
trail_of(const ub_desk* desk, ub_client* client, const ub_span* span)
{
    const uint32_t step = ub_client_step(client, span);
    if (client->trail_backend != desk->backend || client->trail_step != step) {
        ub_client_drop_trail(client);
        client->trail = new_trail(desk, client->masker.slots, step);
        client->trail_backend = desk->backend;
        client->trail_step = step;
    }
    return client->trail;
}

// Two windows in a row, if the second can make use of the first
static bool
warm_up_series(ub_desk* desk, ub_item* items, uint32_t n, uint32_t slots, const ub_series* series)
{
    ub_trail* trail = new_trail(desk, slots, series->step);
    bool ok = true;
    for (uint32_t w = 0; ok && w < (trail ? 2 : 1); ++w) {
        for (uint32_t i = 0; i < n; ++i) {
            items[i].trail = trail;
            items[i].start = (int64_t)w * series->step;
        }
        ok = run(desk, items, n, &series->span);
    }
    if (trail) {
        desk->backend->trail_free(trail);
    }
    return ok;
}

bool
ub_desk_warm_up(ub_desk* desk, uint32_t slots, const ub_series_list* series)
{
    const float nothing[UB_NET_SOURCES] = {0};
    ub_item items[UB_MAX_SLOTS] = {{0}};
    const uint32_t n = usual_conditions(slots);
    ++desk->runs;
    for (uint32_t i = 0; i < n; ++i) {
        items[i] = (ub_item){
            .input = desk->window[0], .folded = folded(desk, nothing), .mask = desk->mask[i]};
    }
    bool ok = true;
    for (uint32_t i = 0; ok && i < series->n; ++i) {
        ok = warm_up_series(desk, items, n, slots, &series->at[i]);
    }
    return ok;
}

// Frame i of a mask [channels][count][bins] as [channels][bins], or all 1 without one
static void
copy_frame(const ub_network* net, const float* mask, uint32_t count, uint32_t i, float* to)
{
    for (uint32_t c = 0; c < net->channels; ++c, to += net->bins) {
        if (mask) {
            memcpy(to, mask + ((size_t)c * count + i) * net->bins, net->bins * sizeof(float));
        } else {
            for (uint32_t b = 0; b < net->bins; ++b) {
                to[b] = 1.0f;
            }
        }
    }
}

// From [condition][channels][count][bins] to [slots][count][channels][bins]
static void
sort_masks(const ub_desk* desk, const ub_client* client, ub_job* job, float* const* masks)
{
    float* to = job->mask;
    for (uint32_t s = 0; s < client->masker.slots; ++s) {
        for (uint32_t i = 0; i < job->count; ++i, to += client->mask_size) {
            const uint8_t which = job->which[(size_t)s * client->masker.max_count + i];
            copy_frame(&desk->model->net, which == UB_UNMASKED ? NULL : masks[which], job->count, i,
                       to);
        }
    }
}

ub_span
ub_job_span(const ub_model* model, const ub_job* job)
{
    const int64_t oldest = job->end - model->net.frames + 1;
    return (ub_span){(uint32_t)(job->first - oldest), job->count};
}

// A job that has expired is only in the way of those that have not.  Returns whether
// there is something to compute.
static bool
open_job(ub_client* client, ub_ticket* ticket)
{
    ub_job* job = &ticket->job;
    ub_client_take_frames(client, job->end);
    job->ok = atomic_load(&client->waited_for) || ub_now() < ticket->expiry;
    return job->ok && job->conditions;
}

bool
ub_desk_serve(ub_desk* desk, ub_client* const* clients, uint32_t n)
{
    ub_item items[MOST_ITEMS] = {{0}};
    uint32_t first[UB_DESK_JOBS]; // each job's first item
    uint32_t n_items = 0;
    ub_span span = {0, 0};
    ++desk->runs;
    for (uint32_t i = 0; i < n; ++i) {
        ub_ticket* ticket = clients[i]->taken;
        const uint32_t conditions = open_job(clients[i], ticket) ? ticket->job.conditions : 0;
        first[i] = n_items;
        if (conditions) {
            span = ub_job_span(desk->model, &ticket->job);
            ub_client_window(clients[i], &ticket->job, desk->window[i]);
        }
        for (uint32_t c = 0; c < conditions; ++c, ++n_items) {
            items[n_items] = (ub_item){.input = desk->window[i],
                                       .folded = folded(desk, ticket->job.condition[c]),
                                       .mask = desk->mask[n_items],
                                       .trail = trail_of(desk, clients[i], &span),
                                       .start = ticket->job.end - desk->model->net.frames + 1,
                                       .offline = isinf(ticket->job.expiry)};
        }
    }
    const bool ok = !n_items || run(desk, items, n_items, &span);
    for (uint32_t i = 0; i < n; ++i) {
        ub_job* job = &clients[i]->taken->job;
        if (job->ok && job->conditions) {
            job->ok = ok;
            atomic_store(&clients[i]->failed, !ok);
        }
        if (job->ok) {
            sort_masks(desk, clients[i], job, desk->mask + first[i]);
        }
    }
    return ok;
}
