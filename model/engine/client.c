// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/engine/client.h"

#include "dsp/memory.h"
#include "dsp/clock.h"
#include "model/engine/thread.h"
#include "model/engine/worker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t number;
    float magnitude[];
} frame_record;

static ub_client*
of(ub_masker* masker)
{
    return (ub_client*)masker;
}

static bool
push_frame(ub_masker* masker, int64_t t, const float* magnitude)
{
    ub_client* client = of(masker);
    frame_record* record = ub_ring_write(client->frames);
    if (!record) {
        return false;
    }
    record->number = t;
    memcpy(record->magnitude, magnitude, client->mask_size * sizeof(float));
    ub_ring_commit(client->frames);
    return true;
}

// Room for a job's masks in one piece, behind that of the job before.  Jobs are given
// back in the order in which they began, so what is held is in one piece, too.
static bool
take_room(ub_client* client, ub_ticket* ticket, uint32_t count)
{
    const uint32_t at = client->masks_head;
    const bool wraps = at + count > client->room.mask_frames;
    const uint32_t skipped = wraps ? client->room.mask_frames - at : 0;
    if (client->masks_held + skipped + count > client->room.mask_frames) {
        return false;
    }
    const uint32_t first = wraps ? 0 : at;
    ticket->room = skipped + count;
    ticket->job.mask = client->masks + (size_t)first * client->masker.slots * client->mask_size;
    client->masks_head = first + count;
    client->masks_held += ticket->room;
    return true;
}

static void
leave_room(ub_client* client, ub_ticket* ticket)
{
    client->masks_held -= ticket->room;
    if (!client->masks_held) {
        client->masks_head = 0;
    }
}

static ub_job*
begin(ub_masker* masker, uint32_t count)
{
    ub_client* client = of(masker);
    ub_ticket* ticket = client->n_free ? client->free[client->n_free - 1] : NULL;
    if (!ticket || !take_room(client, ticket, count)) {
        return NULL;
    }
    --client->n_free;
    ticket->job.count = count;
    return &ticket->job;
}

static void
submit(ub_masker* masker, ub_job* job)
{
    ub_client* client = of(masker);
    ub_ticket* ticket = (ub_ticket*)job;
    ub_ticket** slot = ub_ring_write(client->asked); // never full: it holds all tickets
    const double now = ub_now();
    ticket->deadline = now + job->budget;
    ticket->expiry = now + job->expiry;
    ticket->urgent = isfinite(job->expiry) && ub_thread_outranks();
    if (job->count) { // else it says nothing of who asks
        atomic_store(&client->waited_for, isinf(job->expiry));
    }
    *slot = ticket;
    ++client->under_way;
    ub_ring_commit(client->asked);
    sem_post(client->work);
}

static ub_job*
next(ub_masker* masker)
{
    ub_client* client = of(masker);
    ub_ticket** slot = ub_ring_read(client->answered);
    if (!slot) {
        return NULL;
    }
    ub_ticket* ticket = *slot;
    ub_ring_pop(client->answered);
    sem_trywait(&client->answers);
    --client->under_way;
    return &ticket->job;
}

static void
release(ub_masker* masker, ub_job* job)
{
    ub_client* client = of(masker);
    leave_room(client, (ub_ticket*)job);
    client->free[client->n_free++] = (ub_ticket*)job;
}

static bool
wait_answer(ub_masker* masker)
{
    ub_client* client = of(masker);
    if (ub_engine_orphaned(client->engine)) {
        return false;
    }
    atomic_store(&client->waited_for, true);
    while (client->under_way && !ub_ring_read(client->answered)) {
        sem_wait(&client->answers); // interrupted: looks again
    }
    return ub_ring_read(client->answered);
}

static bool
init_jobs(ub_client* client, const ub_client_options* options)
{
    const ub_room* room = &options->room;
    const size_t frame = options->slots * client->mask_size * sizeof(float);
    const size_t which = (size_t)options->slots * room->max_count;
    client->room = *room;
    client->tickets = ub_touched_alloc(room->jobs, sizeof(ub_ticket));
    client->free = ub_touched_alloc(room->jobs, sizeof(ub_ticket*));
    client->begun = calloc(room->jobs, sizeof(ub_ticket*));
    client->which = ub_touched_alloc(room->jobs, which);
    client->masks = ub_touched_alloc(room->mask_frames, frame);
    const bool ok =
        client->tickets && client->free && client->begun && client->which && client->masks;
    for (uint32_t i = 0; ok && i < room->jobs; ++i) {
        client->tickets[i].job.which = client->which + i * which;
        client->tickets[i].client = client;
        client->free[client->n_free++] = &client->tickets[i];
    }
    return ok;
}

bool
ub_client_init(ub_client* client, const ub_model* model, const ub_client_options* options)
{
    const ub_network* net = &model->net;
    client->masker = (ub_masker){.frame = push_frame,
                                 .begin = begin,
                                 .submit = submit,
                                 .next = next,
                                 .release = release,
                                 .wait = wait_answer,
                                 .max_count = options->room.max_count,
                                 .slots = options->slots};
    client->model = ub_model_ref(model);
    client->mask_size = (size_t)net->channels * net->bins;
    client->series = options->series;
    const size_t record = sizeof(frame_record) + client->mask_size * sizeof(float);
    sem_init(&client->answers, 0, 0);
    atomic_init(&client->failed, false);
    atomic_init(&client->waited_for, false);
    client->frames = ub_ring_new(record, options->room.backlog);
    client->asked = ub_ring_new(sizeof(ub_ticket*), options->room.jobs);
    client->answered = ub_ring_new(sizeof(ub_ticket*), options->room.jobs);
    client->number = calloc(net->frames, sizeof(int64_t));
    client->history = ub_touched_alloc(net->frames * client->mask_size, sizeof(float));
    return init_jobs(client, options) && client->frames && client->asked && client->answered &&
           client->number && client->history;
}

uint32_t
ub_client_step(const ub_client* client, const ub_span* span)
{
    for (uint32_t i = 0; i < client->series.n; ++i) {
        const ub_series* s = &client->series.at[i];
        if (s->span.first == span->first && s->span.count == span->count) {
            return s->step;
        }
    }
    return 0;
}

void
ub_client_drop_trail(ub_client* client)
{
    if (client->trail) {
        client->trail_backend->trail_free(client->trail);
        client->trail = NULL;
    }
}

void
ub_client_clear(ub_client* client)
{
    free(client->tickets);
    free(client->free);
    free(client->begun);
    free(client->which);
    free(client->masks);
    ub_client_drop_trail(client);
    ub_ring_free(client->frames);
    ub_ring_free(client->asked);
    ub_ring_free(client->answered);
    free(client->number);
    free(client->history);
    sem_destroy(&client->answers);
    ub_model_unref(client->model);
}

ub_ticket*
ub_client_head(ub_client* client)
{
    ub_ticket** slot = client->taken ? NULL : ub_ring_read(client->asked);
    return slot ? *slot : NULL;
}

ub_ticket*
ub_client_begin(ub_client* client)
{
    ub_ticket* ticket = ub_client_head(client);
    ub_ring_pop(client->asked);
    client->begun[(client->first_begun + client->n_begun++) % client->room.jobs] = ticket;
    client->taken = true;
    ticket->has_client = true;
    ticket->done = false;
    return ticket;
}

void
ub_client_let_go(ub_ticket* ticket)
{
    if (ticket->has_client) {
        ticket->client->taken = false;
        ticket->has_client = false;
    }
}

static void
compress(const ub_network* net, const float* magnitude, float* input, size_t n)
{
    const float scale = net->input_scale;
    const float power = net->input_power;
    if (power == 1.0f) {
        for (size_t i = 0; i < n; ++i) {
            input[i] = scale * magnitude[i];
        }
    } else if (power == 0.5f) {
        for (size_t i = 0; i < n; ++i) {
            input[i] = sqrtf(scale * magnitude[i]);
        }
    } else {
        for (size_t i = 0; i < n; ++i) {
            input[i] = powf(scale * magnitude[i], power);
        }
    }
}

// The row of history that frame t has, if it is there
static size_t
row_of(const ub_client* client, int64_t t)
{
    return (size_t)((uint64_t)t % client->model->net.frames);
}

void
ub_client_take_frames(ub_client* client, int64_t end)
{
    const ub_network* net = &client->model->net;
    const frame_record* record = NULL;
    while ((record = ub_ring_read(client->frames)) && record->number <= end) {
        const size_t row = row_of(client, record->number);
        client->number[row] = record->number;
        compress(net, record->magnitude, client->history + row * client->mask_size,
                 client->mask_size);
        ub_ring_pop(client->frames);
    }
}

void
ub_client_window(const ub_client* client, const ub_job* job, float* window)
{
    const ub_network* net = &client->model->net;
    for (uint32_t i = 0; i < net->frames; ++i) {
        const int64_t t = job->end - net->frames + 1 + i;
        const size_t row = row_of(client, t);
        for (uint32_t c = 0; c < net->channels; ++c) {
            float* to = window + ((size_t)c * net->frames + i) * net->bins;
            if (client->number[row] == t) {
                memcpy(to, client->history + row * client->mask_size + (size_t)c * net->bins,
                       net->bins * sizeof(float));
            } else {
                memset(to, 0, net->bins * sizeof(float)); // before the stream began
            }
        }
    }
}

void
ub_client_answer(ub_ticket* ticket)
{
    ub_client* client = ticket->client;
    ticket->done = true;
    while (client->n_begun && client->begun[client->first_begun]->done) {
        ub_ticket** to = ub_ring_write(client->answered); // never full: it holds all tickets
        *to = client->begun[client->first_begun];
        client->first_begun = (client->first_begun + 1) % client->room.jobs;
        --client->n_begun;
        ub_ring_commit(client->answered);
        sem_post(&client->answers);
    }
}

bool
ub_client_is_busy(const ub_client* client)
{
    return client->taken || client->n_begun;
}

bool
ub_client_healthy(const ub_client* client)
{
    return !atomic_load(&client->failed);
}

ub_masker*
ub_client_masker(ub_client* client)
{
    return &client->masker;
}

ub_grid
ub_model_grid(const ub_model* model)
{
    const ub_network* net = &model->net;
    return (ub_grid){.rate = net->sample_rate,
                     .window = net->window,
                     .hop = net->hop,
                     .frames = net->frames,
                     .channels = net->channels,
                     .first_bin = net->first_bin,
                     .dft_bins = net->dft_bins,
                     .kept = net->kept,
                     .bins = net->bins,
                     .sources = net->sources,
                     .level = net->level,
                     .dropped_mask = net->dropped_mask,
                     .nearest = net->nearest};
}
