// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "dsp/maskqueue.h"

#include <stdlib.h>
#include <string.h>

// Answers that wait for their frames; more stay with the masker until there is room
#define HELD_JOBS 8

struct ub_maskqueue_s {
    ub_masker* masker;
    uint32_t outputs;
    uint32_t mask_size;      // channels * bins
    float* mask;             // [outputs][mask_size]
    ub_job* held[HELD_JOBS]; // in order of submission
    uint32_t n_held;
};

ub_maskqueue* ub_maskqueue_new(ub_masker* masker, uint32_t outputs, uint32_t mask_size)
{
    ub_maskqueue* queue = calloc(1, sizeof(ub_maskqueue));
    if (!queue) {
        return NULL;
    }
    queue->masker = masker;
    queue->outputs = outputs;
    queue->mask_size = mask_size;
    queue->mask = malloc(sizeof(float) * outputs * mask_size);
    if (!queue->mask) {
        free(queue);
        return NULL;
    }
    ub_maskqueue_reset(queue);
    return queue;
}

static void drop_oldest(ub_maskqueue* queue)
{
    queue->masker->release(queue->masker, queue->held[0]);
    --queue->n_held;
    memmove(queue->held, queue->held + 1, queue->n_held * sizeof(queue->held[0]));
}

void ub_maskqueue_reset(ub_maskqueue* queue)
{
    while (queue->n_held) {
        drop_oldest(queue);
    }
    for (uint32_t i = 0; i < queue->outputs * queue->mask_size; ++i) {
        queue->mask[i] = 1.0f;
    }
}

void ub_maskqueue_free(ub_maskqueue* queue)
{
    if (queue) {
        ub_maskqueue_reset(queue);
        free(queue->mask);
        free(queue);
    }
}

static bool covers(const ub_job* job, int64_t t)
{
    return t >= job->first && t < job->first + job->count;
}

// Drop what ends before frame t, take in what has come
static void collect(ub_maskqueue* queue, int64_t t)
{
    ub_job* job = NULL;
    do {
        while (queue->n_held && queue->held[0]->first + queue->held[0]->count <= t) {
            drop_oldest(queue);
        }
        job = queue->n_held < HELD_JOBS ? queue->masker->next(queue->masker) : NULL;
        if (job) {
            queue->held[queue->n_held++] = job;
        }
    } while (job);
}

// The newest good answer for frame t among the first n held, or NULL
static const ub_job* find(const ub_maskqueue* queue, uint32_t n, int64_t t, uint32_t* index)
{
    while (n-- > 0) {
        if (queue->held[n]->ok && covers(queue->held[n], t)) {
            *index = n;
            return queue->held[n];
        }
    }
    return NULL;
}

static const float* job_mask(const ub_maskqueue* queue, const ub_job* job, uint32_t output,
                             int64_t t)
{
    const size_t frame = (size_t)output * queue->masker->max_count + (size_t)(t - job->first);
    return job->mask + frame * queue->mask_size;
}

bool ub_maskqueue_advance(ub_maskqueue* queue, int64_t t, uint32_t fade, bool wait)
{
    if (!queue->masker) {
        return false;
    }
    uint32_t index = 0;
    collect(queue, t);
    const ub_job* job = find(queue, queue->n_held, t, &index);
    while (!job && wait && queue->masker->wait(queue->masker)) {
        collect(queue, t);
        job = find(queue, queue->n_held, t, &index);
    }
    if (!job) {
        return false;
    }
    const ub_job* older = find(queue, index, t, &index);
    const int64_t into = t - job->first;
    const float part = into < fade ? (float)(into + 1) / (float)(fade + 1) : 1.0f;
    for (uint32_t o = 0; o < queue->outputs; ++o) {
        float* mask = queue->mask + (size_t)o * queue->mask_size;
        const float* a = job_mask(queue, job, o, t);
        if (older && part < 1.0f) {
            const float* b = job_mask(queue, older, o, t);
            for (uint32_t i = 0; i < queue->mask_size; ++i) {
                mask[i] = b[i] + part * (a[i] - b[i]);
            }
        } else {
            memcpy(mask, a, queue->mask_size * sizeof(float));
        }
    }
    return true;
}

const float* ub_maskqueue_mask(const ub_maskqueue* queue, uint32_t output)
{
    return queue->mask + (size_t)output * queue->mask_size;
}
