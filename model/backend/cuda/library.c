// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/library.h"

#include "model/backend/cuda/cuda.h"
#include "model/backend/cuda/weights.h"
#include "model/file/environment.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "unbraid_cuda.so"
#define PATH      4096

typedef struct entry_s entry;
struct entry_s {
    const ub_model* model;
    uint32_t unet;
    ub_cuda_precision precision;
    ub_cuda_model* weights;
    unsigned refs;
    entry* next;
};

static struct {
    pthread_mutex_t lock;
    bool tried;
    char folder[PATH]; ///< Where to look as well, or ""
    const ub_cuda_api* api;
    ub_cuda_devices devices;
    char why[UB_CUDA_TEXT]; ///< There is none
    entry* entries;
} the = {.lock = PTHREAD_MUTEX_INITIALIZER};

/// Where the code that is running now lies: the plugin's or program's folder, with a slash
static void
own_folder(char* folder, size_t size)
{
    Dl_info info = {0};
    char path[PATH] = "";
    if (dladdr(&the, &info) && info.dli_fname) {
        snprintf(path, sizeof(path), "%s", info.dli_fname);
    }
    if (!strchr(path, '/')) { // a program's name as it was called
        const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
        path[n < 0 ? 0 : n] = '\0';
    }
    char* const slash = strrchr(path, '/');
    snprintf(folder, size, "%.*s", slash ? (int)(slash - path) + 1 : 0, path);
}

/// Find the library.  False if there is none.
static bool
find(char* path, size_t size)
{
    const char* given = ub_environment(UB_ENV_CUDA_LIBRARY);
    if (given) {
        return snprintf(path, size, "%s", given) < (int)size;
    }
    static const char* const places[] = {"", "unbraid.lv2/", "../lib/lv2/unbraid.lv2/"};
    char folder[PATH];
    own_folder(folder, sizeof(folder));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); ++i) {
        snprintf(path, size, "%s%s" FILE_NAME, folder, places[i]);
        if (!access(path, R_OK)) {
            return true;
        }
    }
    const char* home = ub_environment(UB_ENV_HOME);
    snprintf(path, size, "%s/.lv2/unbraid.lv2/" FILE_NAME, home ? home : "");
    if (!access(path, R_OK)) {
        return true;
    }
    snprintf(path, size, "%s/" FILE_NAME, the.folder);
    return *the.folder && !access(path, R_OK);
}

void
ub_cuda_look_in(const char* folder)
{
    pthread_mutex_lock(&the.lock);
    snprintf(the.folder, sizeof(the.folder), "%s", folder);
    pthread_mutex_unlock(&the.lock);
}

static const ub_cuda_api*
load(char* why)
{
    char path[2 * PATH];
    if (!find(path, sizeof(path))) {
        snprintf(why, UB_CUDA_TEXT, FILE_NAME ": not there (built without CUDA)");
        return NULL;
    }
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char* error = dlerror();
        snprintf(why, UB_CUDA_TEXT, "%s", error ? error : FILE_NAME ": cannot be opened");
        return NULL;
    }
    union { // ISO C has no cast from an object's address to a function's
        void* object;
        ub_cuda_open_function open;
    } symbol = {dlsym(library, UB_CUDA_SYMBOL)};
    const ub_cuda_api* api = symbol.object ? symbol.open(UB_CUDA_ABI) : NULL;
    if (!api) {
        snprintf(why, UB_CUDA_TEXT, "%.200s: of another version of Unbraid", path);
    }
    return api;
}

/// Under the lock
static const ub_cuda_api*
open_once(char* err)
{
    if (!the.tried) {
        the.tried = true;
        const ub_cuda_api* api = load(the.why);
        the.api = api && api->probe(&the.devices, the.why) ? api : NULL;
    }
    if (!the.api && err) {
        snprintf(err, UB_CUDA_TEXT, "%s", the.why);
    }
    return the.api;
}

const ub_cuda_api*
ub_cuda_library(char* err)
{
    pthread_mutex_lock(&the.lock);
    const ub_cuda_api* api = open_once(err);
    pthread_mutex_unlock(&the.lock);
    return api;
}

const ub_cuda_devices*
ub_cuda_library_devices(void)
{
    return &the.devices;
}

void
ub_cuda_library_lose(const char* why)
{
    pthread_mutex_lock(&the.lock);
    if (the.api) {
        the.api = NULL;
        snprintf(the.why, sizeof(the.why), "%s", why);
    }
    pthread_mutex_unlock(&the.lock);
}

static entry*
load_weights(const ub_cuda_api* api, const ub_model* model, uint32_t unet,
             ub_cuda_precision precision, char* err)
{
    entry* made = (entry*)calloc(1, sizeof(entry));
    ub_cuda_weight_list* list = made ? ub_cuda_weights_new(&model->steps[unet]) : NULL;
    if (!list) {
        free(made);
        snprintf(err, UB_CUDA_TEXT, "out of memory");
        return NULL;
    }
    made->weights = api->model_new(list->tensor, list->n, precision, err);
    ub_cuda_weights_free(list);
    if (!made->weights) {
        free(made);
        return NULL;
    }
    made->model = ub_model_ref(model);
    made->unet = unet;
    made->precision = precision;
    made->next = the.entries;
    the.entries = made;
    return made;
}

ub_cuda_model*
ub_cuda_weights_get(const ub_model* model, uint32_t unet, ub_cuda_precision precision, char* err)
{
    pthread_mutex_lock(&the.lock);
    const ub_cuda_api* api = open_once(err);
    entry* e = the.entries;
    while (e && (e->model != model || e->unet != unet || e->precision != precision)) {
        e = e->next;
    }
    if (api && !e) {
        e = load_weights(api, model, unet, precision, err);
    }
    ub_cuda_model* weights = api && e ? e->weights : NULL;
    if (weights) {
        ++e->refs;
    }
    pthread_mutex_unlock(&the.lock);
    return weights;
}

void
ub_cuda_weights_put(ub_cuda_model* weights)
{
    pthread_mutex_lock(&the.lock);
    entry** link = &the.entries;
    while (*link && (*link)->weights != weights) {
        link = &(*link)->next;
    }
    entry* e = *link;
    if (e && --e->refs == 0) {
        *link = e->next;
        if (the.api) {
            the.api->model_free(e->weights);
        }
        ub_model_unref(e->model);
        free(e);
    }
    pthread_mutex_unlock(&the.lock);
}
