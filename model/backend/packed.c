// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/packed.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct entry_s entry;
struct entry_s {
    const ub_model* model;
    const ub_packing* packing;
    void* weights;
    unsigned refs;
    entry* next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry* entries = NULL; ///< Guarded by the lock

/// Under the lock
static entry*
add(const ub_model* model, const ub_packing* packing)
{
    entry* e = (entry*)malloc(sizeof(entry));
    void* weights = e ? packing->make(model) : NULL;
    if (!weights) {
        free(e);
        return NULL;
    }
    *e = (entry){model, packing, weights, 0, entries};
    entries = e;
    return e;
}

void*
ub_packed_get(const ub_model* model, const ub_packing* packing)
{
    pthread_mutex_lock(&lock);
    entry* e = entries;
    while (e && (e->model != model || e->packing != packing)) {
        e = e->next;
    }
    e = e ? e : add(model, packing);
    void* weights = e ? e->weights : NULL;
    if (e) {
        ++e->refs;
    }
    pthread_mutex_unlock(&lock);
    return weights;
}

void
ub_packed_put(void* weights)
{
    pthread_mutex_lock(&lock);
    entry** at = &entries;
    while (*at && (*at)->weights != weights) {
        at = &(*at)->next;
    }
    entry* e = *at;
    if (e && --e->refs == 0) {
        *at = e->next;
        e->packing->free(weights);
        free(e);
    }
    pthread_mutex_unlock(&lock);
}
