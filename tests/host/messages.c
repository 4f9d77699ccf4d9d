// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/host/messages.h"

#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/log/log.h>
#include <lv2/patch/patch.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_URIS 256
#define MODEL    "urn:unbraid:model"
#define MESSAGE  "urn:unbraid:message"

static char* uris[MAX_URIS];
static char line[1024];
static char logged[1024];

static LV2_URID
map(LV2_URID_Map_Handle handle, const char* uri)
{
    (void)handle;
    LV2_URID id = 1;
    while (id < MAX_URIS && uris[id] && strcmp(uris[id], uri)) {
        ++id;
    }
    if (id == MAX_URIS) {
        fprintf(stderr, "too many URIs\n");
        exit(2);
    }
    if (!uris[id]) {
        uris[id] = strdup(uri);
    }
    return id;
}

LV2_URID_Map*
ub_urid_map(void)
{
    static LV2_URID_Map it = {NULL, map};
    return &it;
}

static const char*
unmap(LV2_URID_Unmap_Handle handle, LV2_URID id)
{
    (void)handle;
    return id < MAX_URIS ? uris[id] : NULL;
}

LV2_URID_Unmap*
ub_urid_unmap(void)
{
    static LV2_URID_Unmap it = {NULL, unmap};
    return &it;
}

LV2_URID
ub_urid(const char* uri)
{
    return map(NULL, uri);
}

static int
log_vprintf(LV2_Log_Handle handle, LV2_URID type, const char* format, va_list args)
{
    (void)handle;
    return type == ub_urid(LV2_LOG__Error) ? vsnprintf(line, sizeof(line), format, args) : 0;
}

static int
log_printf(LV2_Log_Handle handle, LV2_URID type, const char* format, ...)
{
    va_list args;
    va_start(args, format);
    const int written = log_vprintf(handle, type, format, args);
    va_end(args);
    return written;
}

const LV2_Feature* const*
ub_messages_features(void)
{
    static LV2_Log_Log log = {NULL, log_printf, log_vprintf};
    static LV2_Feature map_feature = {LV2_URID__map, NULL};
    static const LV2_Feature log_feature = {LV2_LOG__log, &log};
    static const LV2_Feature* const features[] = {&map_feature, &log_feature, NULL};
    map_feature.data = ub_urid_map();
    return features;
}

const char*
ub_messages_logged(void)
{
    memcpy(logged, line, sizeof(logged));
    line[0] = '\0';
    return logged;
}

static void
send(ub_rig* rig, const char* type, const char* path)
{
    LV2_Atom_Forge forge;
    LV2_Atom_Forge_Frame sequence;
    LV2_Atom_Forge_Frame object;
    lv2_atom_forge_init(&forge, ub_urid_map());
    lv2_atom_forge_set_buffer(&forge, (uint8_t*)rig->messages[0], sizeof(rig->messages[0]));
    lv2_atom_forge_sequence_head(&forge, &sequence, 0);
    lv2_atom_forge_frame_time(&forge, 0);
    lv2_atom_forge_object(&forge, &object, 0, ub_urid(type));
    lv2_atom_forge_key(&forge, ub_urid(LV2_PATCH__property));
    lv2_atom_forge_urid(&forge, ub_urid(MODEL));
    if (path) {
        lv2_atom_forge_key(&forge, ub_urid(LV2_PATCH__value));
        lv2_atom_forge_path(&forge, path, (uint32_t)strlen(path));
    }
    lv2_atom_forge_pop(&forge, &object);
    lv2_atom_forge_pop(&forge, &sequence);
}

void
ub_messages_set(ub_rig* rig, const char* path)
{
    send(rig, LV2_PATCH__Set, path);
}

void
ub_messages_get(ub_rig* rig)
{
    send(rig, LV2_PATCH__Get, NULL);
}

/// The text that the last run() set a property to, or NULL
static const char*
set_to(const ub_rig* rig, const char* uri, const char* type)
{
    const char* told = NULL;
    const LV2_Atom_Sequence* const sequence = (const LV2_Atom_Sequence*)rig->messages[1];
    LV2_ATOM_SEQUENCE_FOREACH(sequence, event)
    {
        const LV2_Atom_Object* const object = (const LV2_Atom_Object*)&event->body;
        const LV2_Atom* property = NULL;
        const LV2_Atom* value = NULL;
        lv2_atom_object_get(object, ub_urid(LV2_PATCH__property), &property,
                            ub_urid(LV2_PATCH__value), &value, 0);
        if (object->body.otype == ub_urid(LV2_PATCH__Set) && property && value &&
            ((const LV2_Atom_URID*)property)->body == ub_urid(uri) &&
            value->type == ub_urid(type)) {
            told = (const char*)(value + 1);
        }
    }
    return told;
}

const char*
ub_messages_told(const ub_rig* rig)
{
    return set_to(rig, MODEL, LV2_ATOM__Path);
}

const char*
ub_messages_said(const ub_rig* rig)
{
    return set_to(rig, MESSAGE, LV2_ATOM__String);
}
