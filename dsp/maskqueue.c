// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/maskqueue.h"

#include "dsp/memory.h"

#include <stdlib.h>
#include <string.h>

struct ub_maskqueue_s {
    ub_masker* masker;
    uint32_t slots;
    uint32_t mask_size; // channels * bins
    float* mask;        // [slots][mask_size]
    int64_t frame;      // that the mask was made for
    ub_job** held;      // [jobs] answers that wait for their frames, in order of submission
    uint32_t jobs;
    uint32_t n_held;
};

ub_maskqueue*
ub_maskqueue_new(ub_masker* masker, uint32_t slots, uint32_t mask_size, uint32_t jobs)
{
    ub_maskqueue* queue = calloc(1, sizeof(ub_maskqueue));
    if (!queue) {
        return NULL;
    }
    queue->masker = masker;
    queue->slots = slots;
    queue->jobs = jobs;
    queue->mask_size = mask_size;
    queue->mask = ub_touched_alloc((size_t)slots * mask_size, sizeof(float));
    queue->held = calloc(jobs, sizeof(ub_job*));
    if (!queue->mask || !queue->held) {
        free(queue->mask);
        free(queue->held);
        free(queue);
        return NULL;
    }
    ub_maskqueue_reset(queue, 0);
    return queue;
}

static const float*
job_mask(const ub_maskqueue* queue, const ub_job* job, uint32_t slot, int64_t t)
{
    const size_t frame = (size_t)slot * job->count + (size_t)(t - job->first);
    return job->mask + frame * queue->mask_size;
}

static void
copy_frame(ub_maskqueue* queue, const ub_job* job, int64_t t)
{
    for (uint32_t s = 0; s < queue->slots; ++s) {
        memcpy(queue->mask + (size_t)s * queue->mask_size, job_mask(queue, job, s, t),
               queue->mask_size * sizeof(float));
    }
    queue->frame = t;
}

// Whether there are masks in an answer
static bool
has_masks(const ub_job* job)
{
    return job->ok && job->count && job->conditions;
}

// An answer whose frames have all passed may still be the newest there is
static void
drop_oldest(ub_maskqueue* queue)
{
    ub_job* job = queue->held[0];
    const int64_t last = job->first + job->count - 1;
    if (has_masks(job) && last > queue->frame) {
        copy_frame(queue, job, last);
    }
    queue->masker->release(queue->masker, job);
    --queue->n_held;
    memmove(queue->held, queue->held + 1, queue->n_held * sizeof(queue->held[0]));
}

bool
ub_maskqueue_collect(ub_maskqueue* queue, int64_t t)
{
    bool changed = false;
    ub_job* job = NULL;
    do {
        while (queue->n_held && queue->held[0]->first + queue->held[0]->count <= t) {
            drop_oldest(queue);
            changed = true;
        }
        const bool room = queue->masker && queue->n_held < queue->jobs;
        job = room ? queue->masker->next(queue->masker) : NULL;
        if (job) {
            queue->held[queue->n_held++] = job;
            changed = true;
        }
    } while (job);
    return changed;
}

bool
ub_maskqueue_wait(ub_maskqueue* queue, int64_t t)
{
    return ub_maskqueue_collect(queue, t) ||
           (queue->masker->wait(queue->masker) && ub_maskqueue_collect(queue, t));
}

void
ub_maskqueue_reset(ub_maskqueue* queue, int64_t first)
{
    ub_maskqueue_collect(queue, INT64_MAX);
    for (uint32_t i = 0; i < queue->slots * queue->mask_size; ++i) {
        queue->mask[i] = 1.0f;
    }
    queue->frame = first - 1;
}

void
ub_maskqueue_free(ub_maskqueue* queue)
{
    if (queue) {
        ub_maskqueue_reset(queue, 0);
        free(queue->mask);
        free(queue->held);
        free(queue);
    }
}

// The newest good answer that has frame t, not counting its last `tail` frames,
// among the first n held; n if there is none
static uint32_t
find(const ub_maskqueue* queue, uint32_t n, int64_t t, uint32_t tail)
{
    for (uint32_t i = n; i-- > 0;) {
        const ub_job* job = queue->held[i];
        if (job->ok && t >= job->first && t < job->first + (int64_t)job->count - tail) {
            return i;
        }
    }
    return n;
}

// Frame t out of answer i, faded in over the one before it
static void
blend(ub_maskqueue* queue, uint32_t i, int64_t t, uint32_t fade)
{
    const ub_job* job = queue->held[i];
    const int64_t into = t - job->first;
    const uint32_t before = into < fade ? find(queue, i, t, 0) : i;
    const float part = (float)(into + 1) / (float)(fade + 1);
    copy_frame(queue, job, t);
    const bool fades = before < i && has_masks(queue->held[before]);
    for (uint32_t s = 0; fades && s < queue->slots; ++s) {
        float* mask = queue->mask + (size_t)s * queue->mask_size;
        const float* old = job_mask(queue, queue->held[before], s, t);
        for (uint32_t k = 0; k < queue->mask_size; ++k) {
            mask[k] = old[k] + part * (mask[k] - old[k]);
        }
    }
}

bool
ub_maskqueue_advance(ub_maskqueue* queue, int64_t t, uint32_t fade, bool wait)
{
    if (!queue->masker) {
        return false;
    }
    ub_maskqueue_collect(queue, t);
    uint32_t i = find(queue, queue->n_held, t, fade);
    while (i == queue->n_held && wait && ub_maskqueue_wait(queue, t)) {
        i = find(queue, queue->n_held, t, fade);
    }
    const bool in_time = i < queue->n_held;
    if (!in_time) {
        i = find(queue, queue->n_held, t, 0); // what an earlier answer has to spare
    }
    if (i < queue->n_held && has_masks(queue->held[i])) { // else no mask is heard
        blend(queue, i, t, fade);
    }
    return in_time;
}

const float*
ub_maskqueue_mask(const ub_maskqueue* queue, uint32_t slot)
{
    return queue->mask + (size_t)slot * queue->mask_size;
}
