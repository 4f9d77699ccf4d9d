// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/network/model.h"

#include "model/file/error.h"
#include "model/network/tensors.h"
#include "model/file/safetensors.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/** An open file in the process-wide list. */
typedef struct open_model_s open_model;
struct open_model_s {
    ub_model model; ///< First, so that its address is the entry's
    char* path;     ///< Real path
    struct stat stat;
    char* card;
    float* storage; ///< All tensors
    unsigned refs;  ///< Guarded by the lock
    open_model* next;
};

/** A file that a thread is reading. */
typedef struct reading_s reading;
struct reading_s {
    const struct stat* stat;
    reading* next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t read_one = PTHREAD_COND_INITIALIZER;
static open_model* models = NULL; ///< Guarded by the lock
static reading* readings = NULL;  ///< Likewise

static void
free_entry(open_model* entry)
{
    if (entry) {
        free(entry->path);
        free(entry->card);
        free(entry->storage);
        free(entry);
    }
}

static bool
same_file(const struct stat* a, const struct stat* b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
read_metadata(open_model* entry, const ub_safetensors* file, const char* path, char* err,
              size_t err_size)
{
    const char* format = ub_safetensors_metadata(file, "format");
    const char* version = ub_safetensors_metadata(file, "format_version");
    const char* network = ub_safetensors_metadata(file, "network");
    const char* card = ub_safetensors_metadata(file, "card");
    if (!format || strcmp(format, "unbraid")) {
        return ub_error(err, err_size, "%s: metadata: format is %.40s (expected unbraid)", path,
                        format ? format : "missing");
    }
    if (!version || (strcmp(version, "1") && strcmp(version, "2"))) {
        return ub_error(err, err_size, "%s: metadata: format_version is %.40s (expected 1 or 2)",
                        path, version ? version : "missing");
    }
    if (!network) {
        return ub_error(err, err_size, "%s: metadata: network is missing", path);
    }
    char why[256] = "";
    if (!ub_network_parse(&entry->model.net, network, strlen(network), why, sizeof(why))) {
        return ub_error(err, err_size, "%s: network: %s", path, why);
    }
    if (version[0] - '0' != (int)entry->model.net.version) {
        return ub_error(err, err_size, "%s: metadata: network is of version %u (expected %s)", path,
                        entry->model.net.version, version);
    }
    entry->path = realpath(path, NULL);
    entry->card = strdup(card ? card : "");
    entry->model.path = entry->path;
    entry->model.card = entry->card;
    return (entry->path && entry->card) || ub_error(err, err_size, "%s: out of memory", path);
}

static void
make_steps(ub_model* model)
{
    for (uint32_t u = 0; u < model->net.unets; ++u) {
        const ub_unet_tensors* t = &model->unet[u];
        ub_steps* steps = &model->steps[u];
        ub_steps_make(steps, &model->net, &model->net.unet[u]);
        for (uint32_t i = 0; i < steps->n; ++i) {
            steps->step[i].tensors =
                i < steps->encoders ? &t->encoder[i] : &t->decoder[i - steps->encoders];
        }
    }
}

static open_model*
load(const ub_safetensors* file, const char* path, char* err, size_t err_size)
{
    open_model* entry = (open_model*)calloc(1, sizeof(open_model));
    if (!entry) {
        ub_error(err, err_size, "%s: out of memory", path);
        return NULL;
    }
    entry->stat = *ub_safetensors_stat(file);
    if (read_metadata(entry, file, path, err, err_size)) {
        entry->storage = ub_read_model_tensors(&entry->model, file, path, err, err_size);
        make_steps(&entry->model);
    }
    if (!entry->storage) {
        free_entry(entry);
        return NULL;
    }
    return entry;
}

// The four below run under the lock

static open_model*
find(const struct stat* stat)
{
    open_model* entry = models;
    while (entry && !same_file(&entry->stat, stat)) {
        entry = entry->next;
    }
    return entry;
}

static bool
is_being_read(const struct stat* stat)
{
    const reading* r = readings;
    while (r && !same_file(r->stat, stat)) {
        r = r->next;
    }
    return r;
}

static void
end_reading(const reading* which)
{
    reading** at = &readings;
    while (*at != which) {
        at = &(*at)->next;
    }
    *at = which->next;
    pthread_cond_broadcast(&read_one);
}

// The lock is given up meanwhile: a file may come from a slow drive, and whoever has another
// model need not wait for it
static open_model*
read_file(const ub_safetensors* file, const char* path, char* err, size_t err_size)
{
    reading r = {ub_safetensors_stat(file), readings};
    readings = &r;
    pthread_mutex_unlock(&lock);
    open_model* entry = load(file, path, err, err_size);
    pthread_mutex_lock(&lock);
    end_reading(&r);
    if (entry) {
        entry->next = models;
        models = entry;
    }
    return entry;
}

const ub_model*
ub_model_open(const char* path, char* err, size_t err_size)
{
    ub_safetensors* file = ub_safetensors_open(path, err, err_size);
    if (!file) {
        return NULL;
    }
    pthread_mutex_lock(&lock);
    while (is_being_read(ub_safetensors_stat(file))) { // a file asked for twice is read once
        pthread_cond_wait(&read_one, &lock);
    }
    open_model* entry = find(ub_safetensors_stat(file));
    if (!entry) {
        entry = read_file(file, path, err, err_size);
    }
    if (entry) {
        ++entry->refs;
    }
    pthread_mutex_unlock(&lock);
    ub_safetensors_close(file);
    return entry ? &entry->model : NULL;
}

const ub_model*
ub_model_ref(const ub_model* model)
{
    pthread_mutex_lock(&lock);
    ++((open_model*)model)->refs;
    pthread_mutex_unlock(&lock);
    return model;
}

void
ub_model_unref(const ub_model* model)
{
    if (!model) {
        return;
    }
    open_model* entry = (open_model*)model;
    pthread_mutex_lock(&lock);
    const bool last = --entry->refs == 0;
    if (last) {
        open_model** at = &models;
        while (*at != entry) {
            at = &(*at)->next;
        }
        *at = entry->next;
    }
    pthread_mutex_unlock(&lock);
    if (last) {
        free_entry(entry);
    }
}
