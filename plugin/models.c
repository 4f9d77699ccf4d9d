// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/models.h"

#include "model/file/environment.h"
#include "model/file/safetensors.h"
#include "model/network/network.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_MODELS 1000U ///< In a list; more would be no choice
#define MAX_PATH   4096U

bool
ub_models_folder(char* path, size_t size)
{
    static const char below[] = "unbraid/models";
    const char* data = ub_environment(UB_ENV_DATA_HOME);
    const char* home = ub_environment(UB_ENV_HOME);
    if (data && data[0] == '/') { // Others are to be ignored (XDG Base Directory Specification)
        return snprintf(path, size, "%s/%s", data, below) < (int)size;
    }
    return home && home[0] == '/' &&
           snprintf(path, size, "%s/.local/share/%s", home, below) < (int)size;
}

/// Length of a model's name in a file's, 0 if it is not a model's
static size_t
name_length(const char* file)
{
    const size_t n = strlen(file);
    const size_t k = strlen(UB_MODEL_SUFFIX);
    return file[0] != '.' && n > k && !strcmp(file + n - k, UB_MODEL_SUFFIX) ? n - k : 0;
}

static char*
join_sources(const ub_network* net)
{
    size_t size = 1;
    for (uint32_t i = 0; i < net->sources; ++i) {
        size += strlen(net->source[i]) + 1;
    }
    char* text = (char*)calloc(1, size);
    for (uint32_t i = 0; text && i < net->sources; ++i) {
        strcat(text, i ? " " : "");
        strcat(text, net->source[i]);
    }
    return text;
}

/// Read what a file says of itself
static void
describe(ub_model_entry* entry)
{
    char err[1024] = "";
    ub_network net;
    ub_safetensors* file = ub_safetensors_open(entry->path, err, sizeof(err));
    const char* format = file ? ub_safetensors_metadata(file, "format") : NULL;
    const char* network = file ? ub_safetensors_metadata(file, "network") : NULL;
    const char* card = file ? ub_safetensors_metadata(file, "card") : NULL;
    if (file) {
        entry->size = (uint64_t)ub_safetensors_stat(file)->st_size;
    }
    if (file && (!format || strcmp(format, "unbraid") || !network)) {
        snprintf(err, sizeof(err), "%s: metadata: no network (expected format unbraid)",
                 entry->path);
    } else if (file && ub_network_parse(&net, network, strlen(network), err, sizeof(err))) {
        entry->sources = join_sources(&net);
    }
    entry->card = strdup(card ? card : "");
    entry->trouble = *err ? strdup(err) : NULL;
    ub_safetensors_close(file);
}

static bool
add(ub_model_list* list, const char* folder, const char* file)
{
    char path[MAX_PATH];
    if (list->count == MAX_MODELS ||
        snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path)) {
        return true;
    }
    ub_model_entry* entry = &list->entries[list->count++];
    entry->name = strndup(file, name_length(file));
    entry->path = strdup(path);
    if (!entry->name || !entry->path) {
        return false;
    }
    describe(entry);
    return entry->card && (entry->sources || entry->trouble);
}

static int
by_name(const void* a, const void* b)
{
    return strcmp(((const ub_model_entry*)a)->name, ((const ub_model_entry*)b)->name);
}

static bool
list_folder(ub_model_list* list, const char* folder)
{
    const size_t begin = list->count;
    DIR* dir = opendir(folder);
    bool ok = true;
    for (const struct dirent* entry = NULL; dir && ok && (entry = readdir(dir));) {
        ok = !name_length(entry->d_name) || add(list, folder, entry->d_name);
    }
    if (dir) {
        closedir(dir);
    }
    if (ok) {
        qsort(list->entries + begin, list->count - begin, sizeof(ub_model_entry), by_name);
    }
    return ok;
}

bool
ub_models_list(ub_model_list* list, const char* const* folders, size_t n)
{
    list->count = 0;
    list->entries = (ub_model_entry*)calloc(MAX_MODELS, sizeof(ub_model_entry));
    bool ok = list->entries;
    for (size_t i = 0; ok && i < n; ++i) {
        ok = !folders[i] || list_folder(list, folders[i]);
    }
    return ok;
}

void
ub_models_free(ub_model_list* list)
{
    for (size_t i = 0; i < list->count; ++i) {
        free(list->entries[i].name);
        free(list->entries[i].path);
        free(list->entries[i].sources);
        free(list->entries[i].card);
        free(list->entries[i].trouble);
    }
    free(list->entries);
    *list = (ub_model_list){0};
}

bool
ub_models_find(const char* name, const char* const* folders, size_t n, char* path, size_t size)
{
    for (size_t i = 0; i < n && *name && !strchr(name, '/'); ++i) {
        if (folders[i] &&
            snprintf(path, size, "%s/%s%s", folders[i], name, UB_MODEL_SUFFIX) < (int)size &&
            !access(path, R_OK)) {
            return true;
        }
    }
    return false;
}
