// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/desk.h"

#include "dsp/clock.h"
#include "model/engine/passes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Items of one run, each of which has its output and its folded condition
#define MOST_ITEMS UB_MAX_PASSES
_Static_assert(MOST_ITEMS >= UB_DESK_JOBS, "one for each job at least");
_Static_assert(UB_MAX_CONDITIONS >= UB_MAX_SLOTS, "a job has one for each slot");
_Static_assert(UB_NET_SOURCES == UB_MAX_SOURCES, "models and jobs have the same limit");

// Windows further apart have less in common than it costs to keep
#define LONGEST_STEP 16U

typedef struct {
    ub_folded* folded;
    ub_pass pass;
    uint64_t used; // when, in runs; 0 for never
} folded_entry;

struct ub_desk_s {
    const ub_backend* backend;
    const ub_model* model;
    ub_runner* runner;
    uint32_t batch;              // jobs served together
    uint32_t n_items;            // that one run may have
    float* window[UB_DESK_JOBS]; // [batch], each [channels][frames][bins]
    ub_passes passes[UB_DESK_JOBS];
    float* output[MOST_ITEMS];      // [n_items], each [channels][frames][bins]
    folded_entry entry[MOST_ITEMS]; // [n_items]
    float* made[UB_MAX_CONDITIONS]; // masks that are more than an output, likewise
    uint64_t runs;

    // Jobs that are open
    ub_ticket* open[UB_DESK_JOBS];
    uint32_t first[UB_DESK_JOBS]; // each one's first item
    uint32_t n_open;
    ub_item items[MOST_ITEMS];
    uint32_t n_listed; // items
    ub_span span;      // of all of them
    bool begun;        // the backend has, and is to finish them
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
        desk->output[i] = malloc(size); // memory that is never touched costs nothing
        desk->entry[i].folded = ub_folded_new(desk->model);
        ok = ok && desk->output[i] && desk->entry[i].folded;
    }
    for (uint32_t i = 0; ub_mask_is_made(net) && i < UB_MAX_CONDITIONS; ++i) {
        desk->made[i] = malloc(size);
        ok = ok && desk->made[i];
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
    // One job of a model of several U-Nets is a batch by itself
    desk->batch = desk->batch && !ub_mask_is_made(&model->net) ? desk->batch : 1;
    const uint32_t most = ub_passes_most(&model->net, UB_MAX_CONDITIONS);
    desk->n_items = desk->batch > most ? desk->batch : most;
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
        free(desk->output[i]);
        ub_folded_free(desk->entry[i].folded);
    }
    for (uint32_t i = 0; i < UB_MAX_CONDITIONS; ++i) {
        free(desk->made[i]);
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
ub_desk_conditions(const ub_desk* desk)
{
    return ub_mask_is_made(&desk->model->net) ? UB_MAX_CONDITIONS : desk->n_items;
}

const char*
ub_desk_fault(const ub_desk* desk)
{
    return desk->backend->fault ? desk->backend->fault(desk->runner) : NULL;
}

// The folded condition of a pass, from the last few or made anew in place of the oldest
static const ub_folded*
folded(ub_desk* desk, const ub_pass* pass)
{
    folded_entry* oldest = &desk->entry[0];
    for (uint32_t i = 0; i < desk->n_items; ++i) {
        folded_entry* e = &desk->entry[i];
        if (e->used && e->pass.unet == pass->unet &&
            !memcmp(e->pass.condition, pass->condition, sizeof(pass->condition))) {
            e->used = desk->runs;
            return e->folded;
        }
        oldest = e->used < oldest->used ? e : oldest;
    }
    oldest->pass = *pass;
    oldest->used = desk->runs;
    ub_fold(desk->model, pass->unet, pass->condition, oldest->folded);
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
    const uint32_t passes = ub_passes_most(&desk->model->net, slots);
    return worth ? desk->backend->trail_new(desk->model, step, passes) : NULL;
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

// The items of a list of passes, on a window.  Returns how many.
static uint32_t
list_items(ub_desk* desk, const ub_passes* passes, const float* window, ub_item* items,
           uint32_t from)
{
    for (uint32_t k = 0; k < passes->n; ++k) {
        items[from + k] = (ub_item){.input = window,
                                    .folded = folded(desk, &passes->pass[k]),
                                    .mask = desk->output[from + k]};
    }
    return passes->n;
}

// Two windows in a row, if the second can make use of the first
static bool
warm_up_series(ub_desk* desk, uint32_t slots, const ub_series* series)
{
    float condition[UB_MAX_CONDITIONS][UB_NET_SOURCES] = {{0.0f}};
    ub_item items[MOST_ITEMS] = {{0}};
    ub_passes* passes = &desk->passes[0];
    const uint32_t sources = desk->model->net.sources;
    ub_trail* trail = new_trail(desk, slots, series->step);
    bool ok = true;
    ++desk->runs;
    ub_passes_begin(passes, &desk->model->net, series->thorough);
    for (uint32_t i = 0; i < usual_conditions(slots); ++i) {
        // All sources, then one: no two of them the same
        for (uint32_t k = 0; k < sources; ++k) {
            condition[i][k] = i && k != i % sources ? 0.0f : 1.0f / (float)(i + 1);
        }
        ub_passes_add(passes, condition[i]);
    }
    const uint32_t n = list_items(desk, passes, desk->window[0], items, 0);
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
    bool ok = true;
    for (uint32_t i = 0; ok && i < series->n; ++i) {
        ok = warm_up_series(desk, slots, &series->at[i]);
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
sort_masks(const ub_desk* desk, const ub_client* client, ub_job* job, const float* const* masks)
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
open_job(ub_ticket* ticket)
{
    ub_job* job = &ticket->job;
    ub_client_take_frames(ticket->client, job->end);
    job->ok = atomic_load(&ticket->client->waited_for) || ub_now() < ticket->expiry;
    return job->ok && job->conditions;
}

// List what a job needs.  Returns the number of items.
static uint32_t
list_job(ub_desk* desk, uint32_t number)
{
    ub_client* client = desk->open[number]->client;
    const ub_job* job = &desk->open[number]->job;
    ub_passes* passes = &desk->passes[number];
    ub_item* items = desk->items + desk->first[number];
    desk->span = ub_job_span(desk->model, job);
    ub_passes_begin(passes, &desk->model->net, job->thorough);
    for (uint32_t c = 0; c < job->conditions; ++c) {
        ub_passes_add(passes, job->condition[c]);
    }
    ub_client_window(client, job, desk->window[number]);
    const uint32_t n =
        list_items(desk, passes, desk->window[number], desk->items, desk->first[number]);
    for (uint32_t i = 0; i < n; ++i) {
        items[i].trail = trail_of(desk, client, &desk->span);
        items[i].start = job->end - desk->model->net.frames + 1;
        items[i].offline = isinf(job->expiry);
    }
    return n;
}

// A computed job's masks
static void
finish_job(const ub_desk* desk, uint32_t number)
{
    ub_job* job = &desk->open[number]->job;
    const float* masks[UB_MAX_CONDITIONS] = {NULL};
    const ub_span span = ub_job_span(desk->model, job);
    if (job->conditions) {
        ub_passes_masks(&desk->passes[number], desk->output + desk->first[number],
                        desk->window[number], span.first, span.count, desk->made, masks);
    }
    sort_masks(desk, desk->open[number]->client, job, masks);
}

bool
ub_desk_open(ub_desk* desk, ub_ticket* const* jobs, uint32_t n)
{
    bool trails = false;
    ++desk->runs;
    desk->n_open = n;
    desk->n_listed = 0;
    desk->begun = false;
    for (uint32_t i = 0; i < n; ++i) {
        desk->open[i] = jobs[i];
        desk->first[i] = desk->n_listed;
        if (open_job(jobs[i])) {
            desk->n_listed += list_job(desk, i);
            trails = trails || desk->items[desk->first[i]].trail;
        }
    }
    return trails;
}

bool
ub_desk_begin(ub_desk* desk)
{
    const ub_backend* b = desk->backend;
    const ub_span* span = &desk->span;
    desk->begun = desk->n_listed && b->begin &&
                  b->begin(desk->runner, desk->items, desk->n_listed, span->first, span->count);
    return desk->begun;
}

// What the backend has to do for the jobs that are open
static bool
run_open(ub_desk* desk)
{
    if (desk->begun) {
        return desk->backend->finish(desk->runner);
    }
    return !desk->n_listed || run(desk, desk->items, desk->n_listed, &desk->span);
}

bool
ub_desk_compute(ub_desk* desk)
{
    const bool ok = run_open(desk);
    for (uint32_t i = 0; i < desk->n_open; ++i) {
        ub_job* job = &desk->open[i]->job;
        if (job->ok && job->conditions) {
            job->ok = ok;
            atomic_store(&desk->open[i]->client->failed, !ok);
        }
        if (job->ok) {
            finish_job(desk, i);
        }
    }
    return ok;
}
