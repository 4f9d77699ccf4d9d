// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/desk.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Folded conditions kept: all sources of the widest model, and all of one job
#define FOLDED UB_NET_SOURCES
_Static_assert(FOLDED >= UB_MAX_CONDITIONS, "one job's conditions are kept while it runs");
_Static_assert(UB_NET_SOURCES == UB_MAX_SOURCES, "models and jobs have the same limit");

typedef struct {
    ub_folded* folded;
    float condition[UB_NET_SOURCES];
    uint64_t used; // when, in jobs; 0 for never
} folded_entry;

struct ub_desk_s {
    const ub_backend* backend;
    int threads; // that compute one job together
    const ub_model* model;
    ub_runner* runner;
    float* window; // [channels][frames][bins]
    float* mask[UB_MAX_CONDITIONS]; // [channels][frames][bins], as many as were needed
    folded_entry entry[FOLDED];
    uint64_t jobs;
};

// Backends prepare for as many threads as the calling one may use.  Returns that number
// as it was, to be set again: the calling thread is the host's.
static int use_threads(int threads)
{
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    return before;
}

ub_desk* ub_desk_new(const ub_backend* backend, unsigned threads, const ub_model* model, char* err,
                     size_t err_size)
{
    const ub_network* net = &model->net;
    ub_desk* desk = calloc(1, sizeof(ub_desk));
    if (!desk) {
        snprintf(err, err_size, "engine: out of memory");
        return NULL;
    }
    desk->backend = backend;
    desk->threads = (int)threads;
    desk->model = ub_model_ref(model);
    bool ok = true;
    const size_t size = sizeof(float) * net->channels * net->frames * net->bins;
    desk->window = calloc(1, size);
    for (uint32_t i = 0; i < UB_MAX_CONDITIONS; ++i) {
        desk->mask[i] = malloc(size); // memory that is never touched costs nothing
        ok = ok && desk->mask[i];
    }
    for (uint32_t i = 0; i < FOLDED; ++i) {
        desk->entry[i].folded = ub_folded_new(net);
        ok = ok && desk->entry[i].folded;
    }
    if (!ok || !desk->window) {
        snprintf(err, err_size, "engine: out of memory");
    } else {
        const int before = use_threads(desk->threads);
        desk->runner = backend->create(model, err, err_size);
        use_threads(before);
    }
    if (!desk->runner) {
        ub_desk_free(desk);
        return NULL;
    }
    return desk;
}

void ub_desk_free(ub_desk* desk)
{
    if (!desk) {
        return;
    }
    if (desk->runner) {
        desk->backend->destroy(desk->runner);
    }
    for (uint32_t i = 0; i < UB_MAX_CONDITIONS; ++i) {
        free(desk->mask[i]);
    }
    for (uint32_t i = 0; i < FOLDED; ++i) {
        ub_folded_free(desk->entry[i].folded);
    }
    free(desk->window);
    ub_model_unref(desk->model);
    free(desk);
}

const ub_model* ub_desk_model(const ub_desk* desk)
{
    return desk->model;
}

// The folded condition, from the last few or made anew in place of the oldest
static const ub_folded* folded(ub_desk* desk, const float* condition)
{
    const size_t size = desk->model->net.sources * sizeof(float);
    folded_entry* oldest = &desk->entry[0];
    for (uint32_t i = 0; i < FOLDED; ++i) {
        folded_entry* e = &desk->entry[i];
        if (e->used && !memcmp(e->condition, condition, size)) {
            e->used = desk->jobs;
            return e->folded;
        }
        oldest = e->used < oldest->used ? e : oldest;
    }
    memcpy(oldest->condition, condition, size);
    oldest->used = desk->jobs;
    ub_fold(desk->model, condition, oldest->folded);
    return oldest->folded;
}

bool ub_desk_warm_up(ub_desk* desk, const ub_client_options* options)
{
    const float nothing[UB_NET_SOURCES] = {0};
    ub_item items[UB_MAX_OUTPUTS];
    // A job has a condition for each output, or more across a change
    const uint32_t n = options->outputs > 2 ? options->outputs : 2;
    for (uint32_t i = 0; i < n; ++i) {
        items[i] = (ub_item){desk->window, folded(desk, nothing), desk->mask[i], NULL, 0};
    }
    bool ok = true;
    const int before = use_threads(desk->threads);
    for (uint32_t i = 0; ok && i < options->n_spans; ++i) {
        const ub_span* span = &options->spans[i];
        ok = desk->backend->run(desk->runner, items, n, span->first, span->count);
    }
    use_threads(before);
    return ok;
}

// Frame i of a mask [channels][count][bins] as [channels][bins], or all 1 without one
static void copy_frame(const ub_network* net, const float* mask, uint32_t count, uint32_t i,
                       float* to)
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

// From [condition][channels][count][bins] to [outputs][max_count][channels][bins]
static void sort_masks(const ub_desk* desk, const ub_client* client, ub_job* job)
{
    for (uint32_t o = 0; o < client->masker.outputs; ++o) {
        for (uint32_t i = 0; i < job->count; ++i) {
            const size_t frame = (size_t)o * client->masker.max_count + i;
            const uint8_t which = job->which[frame];
            copy_frame(&desk->model->net, which == UB_UNMASKED ? NULL : desk->mask[which],
                       job->count, i, job->mask + frame * client->mask_size);
        }
    }
}

static bool compute(ub_desk* desk, const ub_client* client, ub_job* job)
{
    const uint32_t frames = desk->model->net.frames;
    const uint32_t first = (uint32_t)(job->first - (job->end - frames + 1));
    ub_item items[UB_MAX_CONDITIONS];
    ub_client_window(client, job, desk->window);
    for (uint32_t i = 0; i < job->conditions; ++i) {
        items[i] = (ub_item){desk->window, folded(desk, job->condition[i]), desk->mask[i], NULL, 0};
    }
    return desk->backend->run(desk->runner, items, job->conditions, first, job->count);
}

// A job that has expired is only in the way of those that have not
void ub_desk_serve(ub_desk* desk, ub_client* client, ub_ticket* ticket)
{
    ub_job* job = &ticket->job;
    ++desk->jobs;
    ub_client_take_frames(client, job->end);
    job->ok = ub_client_now() < ticket->expiry;
    if (job->ok && job->conditions) {
        job->ok = compute(desk, client, job);
        atomic_store(&client->failed, !job->ok);
    }
    if (job->ok) {
        sort_masks(desk, client, job);
    }
}
