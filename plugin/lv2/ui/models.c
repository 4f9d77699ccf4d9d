// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2/ui/models.h"

#include "plugin/models.h"

#include <jansson.h>

#include <stdio.h>
#include <string.h>

void
ub_offered_name(const char* path, char* name, size_t size)
{
    const char* const slash = strrchr(path, '/');
    const char* const base = slash ? slash + 1 : path;
    const size_t n = strlen(base), end = strlen(UB_MODEL_SUFFIX);
    const size_t kept = n > end && !strcmp(base + n - end, UB_MODEL_SUFFIX) ? n - end : n;
    snprintf(name, size, "%.*s", (int)kept, base);
}

/// What the card says under a key, "" if nothing
static void
card_says(const char* card, const char* key, char* text, size_t size)
{
    json_t* const json = json_loads(card, 0, NULL);
    const char* const value = json_string_value(json_object_get(json, key));
    snprintf(text, size, "%s", value ? value : "");
    json_decref(json);
}

static bool
offer(const ub_model_entry* entry, bool own, ub_view_model* model)
{
    if (strlen(entry->path) >= sizeof(model->path)) {
        return false;
    }
    snprintf(model->path, sizeof(model->path), "%s", own ? "" : entry->path);
    snprintf(model->name, sizeof(model->name), "%s", entry->name);
    if (entry->trouble) {
        snprintf(model->about, sizeof(model->about), "%s", entry->trouble);
        return true;
    }
    char licence[60];
    card_says(entry->card, "licence", licence, sizeof(licence));
    snprintf(model->about, sizeof(model->about), "%s, %.1f MB%s%s", entry->sources,
             (double)entry->size / 1e6, licence[0] ? ", " : "", licence);
    return true;
}

/// Whether it is the bundle's own; another one that lies beside it is a file like any other
static bool
is_own(const ub_model_entry* entry, const char* bundle)
{
    return !strncmp(entry->path, bundle, strlen(bundle)) && !strcmp(entry->name, "default");
}

uint32_t
ub_offered_models(const char* bundle, ub_view_model* models, uint32_t room)
{
    char folder[1024];
    const bool home = ub_models_folder(folder, sizeof(folder));
    const char* const folders[] = {bundle, home ? folder : NULL};
    ub_model_list list;
    uint32_t n = 0;
    ub_models_list(&list, folders, 2);
    for (size_t i = 0; i < list.count && n < room; ++i) {
        n += offer(&list.entries[i], is_own(&list.entries[i], bundle), &models[n]);
    }
    ub_models_free(&list);
    return n;
}
