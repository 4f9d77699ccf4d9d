// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/native/store.h"

#include <pthread.h>
#include <string.h>

/** Some weights in one layout. */
typedef struct packed_s packed;
struct packed_s {
    uint32_t key; ///< Which weights
    dnnl_memory_t memory;
    packed* next;
};

struct ub_dnn_store_s {
    const ub_model* model;
    dnnl_engine_t engine;
    pthread_mutex_t lock;
    packed* first; ///< Guarded by the lock
};

static void*
make_store(const ub_model* model)
{
    ub_dnn_store* store = (ub_dnn_store*)calloc(1, sizeof(ub_dnn_store));
    if (store && dnnl_engine_create(&store->engine, dnnl_cpu, 0) != dnnl_success) {
        free(store);
        return NULL;
    }
    if (store) {
        store->model = model;
        pthread_mutex_init(&store->lock, NULL);
    }
    return store;
}

static void
free_store(void* weights)
{
    ub_dnn_store* store = (ub_dnn_store*)weights;
    packed* p = store->first;
    while (p) {
        packed* const next = p->next;
        dnnl_memory_destroy(p->memory);
        free(p);
        p = next;
    }
    dnnl_engine_destroy(store->engine);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

const ub_packing ub_dnn_packing = {make_store, free_store};

dnnl_engine_t
ub_dnn_store_engine(const ub_dnn_store* store)
{
    return store->engine;
}

static bool
reorder(dnnl_engine_t engine, dnnl_memory_t from, ub_dnn_const_desc plain, dnnl_memory_t to,
        ub_dnn_const_desc desc)
{
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_stream_t stream = NULL;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    const bool done =
        dnnl_reorder_primitive_desc_create(&pd, plain, engine, desc, engine, NULL) ==
            dnnl_success &&
        dnnl_primitive_create(&primitive, pd) == dnnl_success &&
        dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success &&
        dnnl_primitive_execute(primitive, stream, 2, args) == dnnl_success &&
        dnnl_stream_wait(stream) == dnnl_success;
    if (stream) {
        dnnl_stream_destroy(stream);
    }
    if (primitive) {
        dnnl_primitive_destroy(primitive);
    }
    if (pd) {
        dnnl_primitive_desc_destroy(pd);
    }
    return done;
}

/// Pack weights [sizes] into the wanted layout
static dnnl_memory_t
pack(dnnl_engine_t engine, const float* weights, const dnnl_dims_t sizes, ub_dnn_const_desc desc)
{
    ub_dnn_desc plain = NULL;
    dnnl_memory_t from = NULL;
    dnnl_memory_t to = NULL;
    const bool done = ub_dnn_desc_new(&plain, 4, sizes, dnnl_f32, dnnl_abcd) == dnnl_success &&
                      dnnl_memory_create(&from, plain, engine, (void*)weights) == dnnl_success &&
                      dnnl_memory_create(&to, desc, engine, DNNL_MEMORY_ALLOCATE) == dnnl_success &&
                      reorder(engine, from, plain, to, desc);
    if (from) {
        dnnl_memory_destroy(from);
    }
    if (to && !done) {
        dnnl_memory_destroy(to);
        to = NULL;
    }
    ub_dnn_desc_free(plain);
    return to;
}

static bool
has_desc(dnnl_memory_t memory, ub_dnn_const_desc desc)
{
    ub_dnn_const_desc own = NULL;
    return dnnl_memory_get_memory_desc(memory, &own) == dnnl_success &&
           dnnl_memory_desc_equal(own, desc);
}

/// Under the lock
static dnnl_memory_t
find(const ub_dnn_store* store, uint32_t key, ub_dnn_const_desc desc)
{
    for (const packed* p = store->first; p; p = p->next) {
        if (p->key == key && has_desc(p->memory, desc)) {
            return p->memory;
        }
    }
    return NULL;
}

/// Under the lock
static dnnl_memory_t
add(ub_dnn_store* store, uint32_t key, dnnl_memory_t memory)
{
    packed* p = memory ? (packed*)malloc(sizeof(packed)) : NULL;
    if (!p) {
        if (memory) {
            dnnl_memory_destroy(memory);
        }
        return NULL;
    }
    *p = (packed){key, memory, store->first};
    store->first = p;
    return memory;
}

dnnl_memory_t
ub_dnn_encoder_weights(ub_dnn_store* store, uint32_t layer, ub_dnn_const_desc desc)
{
    const ub_layer* l = &store->model->net.encoder[layer];
    const dnnl_dims_t sizes = {l->filters, l->inputs, l->kernel[0], l->kernel[1]};
    pthread_mutex_lock(&store->lock);
    dnnl_memory_t memory = find(store, layer, desc);
    if (!memory) {
        memory = add(store, layer,
                     pack(store->engine, store->model->encoder[layer].weight, sizes, desc));
    }
    pthread_mutex_unlock(&store->lock);
    return memory;
}

dnnl_memory_t
ub_dnn_part_weights(ub_dnn_store* store, uint32_t layer, const ub_part* part,
                    ub_dnn_const_desc desc)
{
    const ub_layer* l = &store->model->net.decoder[layer];
    const dnnl_dims_t sizes = {part->filters, l->inputs, part->taps[0], part->taps[1]};
    const uint32_t key = UB_MAX_LAYERS + layer * UB_MAX_PARTS +
                         part->first_phase[0] * l->stride[1] + part->first_phase[1];
    pthread_mutex_lock(&store->lock);
    dnnl_memory_t memory = find(store, key, desc);
    if (!memory) {
        const size_t size = (size_t)part->filters * l->inputs * part->taps[0] * part->taps[1];
        float* weights = (float*)malloc(size * sizeof(float));
        if (weights) {
            ub_part_weights(l, part, store->model->decoder[layer].weight, weights);
            memory = add(store, key, pack(store->engine, weights, sizes, desc));
        }
        free(weights);
    }
    pthread_mutex_unlock(&store->lock);
    return memory;
}
