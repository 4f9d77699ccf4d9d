// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2/ui/models.h"

#include "plugin/models.h"

#include <jansson.h>

#include <stdarg.h>
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

/// Add text to a line, as much as fits
__attribute__((format(printf, 3, 4))) static void
append(char* line, size_t size, const char* format, ...)
{
    const size_t at = strlen(line);
    va_list args;
    va_start(args, format);
    vsnprintf(line + at, size - at, format, args);
    va_end(args);
}

/// The measured quality on the first song that a card tells of
static void
append_quality(const json_t* card, char* line, size_t size)
{
    const char* song;
    json_t* scores;
    json_object_foreach(json_object_get(card, "sdr"), song, scores)
    {
        const char* source;
        json_t* sdr;
        if (!json_is_object(scores)) {
            continue;
        }
        append(line, size, ", SDR of \"%s\":", song);
        json_object_foreach(scores, source, sdr)
        {
            append(line, size, " %s %.1f", source, json_number_value(sdr));
        }
        return;
    }
}

/// Whether it is the bundle's own; another one that lies beside it is a file like any other
static bool
is_own(const ub_model_entry* entry, const char* bundle)
{
    return !strncmp(entry->path, bundle, strlen(bundle)) && !strcmp(entry->name, "default");
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
    json_t* const card = json_loads(entry->card, 0, NULL);
    const char* const licence = json_string_value(json_object_get(card, "licence"));
    snprintf(model->about, sizeof(model->about), "%s, %.1f MB", entry->sources,
             (double)entry->size / 1e6);
    append_quality(card, model->about, sizeof(model->about));
    append(model->about, sizeof(model->about), "%s%s", licence ? ", " : "", licence ? licence : "");
    json_decref(card);
    return true;
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
