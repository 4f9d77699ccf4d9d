// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2/patch.h"

#include <lv2/atom/atom.h>
#include <lv2/patch/patch.h>

#include <string.h>

void
ub_patch_init(ub_patch* patch, LV2_URID_Map* map)
{
    patch->atom_path = map->map(map->handle, LV2_ATOM__Path);
    patch->atom_string = map->map(map->handle, LV2_ATOM__String);
    patch->atom_urid = map->map(map->handle, LV2_ATOM__URID);
    patch->patch_get = map->map(map->handle, LV2_PATCH__Get);
    patch->patch_set = map->map(map->handle, LV2_PATCH__Set);
    patch->patch_property = map->map(map->handle, LV2_PATCH__property);
    patch->patch_value = map->map(map->handle, LV2_PATCH__value);
    patch->atom_float = map->map(map->handle, LV2_ATOM__Float);
    patch->atom_vector = map->map(map->handle, LV2_ATOM__Vector);
    patch->model = map->map(map->handle, UB_URI_MODEL);
    patch->sources = map->map(map->handle, UB_URI_SOURCES);
    patch->message = map->map(map->handle, UB_URI_MESSAGE);
    patch->watch = map->map(map->handle, UB_URI_WATCH);
    patch->scale = map->map(map->handle, UB_URI_SCALE);
    patch->report = map->map(map->handle, UB_URI_REPORT);
    lv2_atom_forge_init(&patch->forge, map);
}

// Whether a text atom ends within its size
static bool
is_text(const ub_patch* patch, const LV2_Atom* value)
{
    const char* const text = (const char*)(value + 1);
    return (value->type == patch->atom_path || value->type == patch->atom_string) && value->size &&
           memchr(text, '\0', value->size);
}

// Messages are read by hand, since the iterators of lv2/atom/util.h believe what sizes say.
// Here an atom that its surroundings end before, and what comes after it, is not there.

// The atom within a container's body of some size, where a header of another one ends with it,
// or NULL.  `at` is left where the next one may begin.
static const LV2_Atom*
next(const uint8_t* body, uint32_t size, uint32_t header, uint32_t* at)
{
    if (*at > size || size - *at < header) {
        return NULL;
    }
    const LV2_Atom* const atom = (const LV2_Atom*)(body + *at + header - sizeof(LV2_Atom));
    if (atom->size > size - *at - header) {
        return NULL;
    }
    const uint64_t end = (uint64_t)*at + header + ((atom->size + 7ULL) & ~7ULL);
    *at = end < size ? (uint32_t)end : size;
    return atom;
}

bool
ub_patch_parse(const ub_patch* patch, const LV2_Atom* object, ub_statement* statement)
{
    const uint32_t header = sizeof(LV2_Atom_Property_Body);
    const uint8_t* const body = (const uint8_t*)(object + 1);
    if (!lv2_atom_forge_is_object_type(&patch->forge, object->type) ||
        object->size < sizeof(LV2_Atom_Object_Body)) {
        return false;
    }
    *statement = (ub_statement){((const LV2_Atom_Object_Body*)body)->otype, 0, NULL};
    const LV2_Atom* atom = NULL;
    for (uint32_t at = sizeof(LV2_Atom_Object_Body);
         (atom = next(body, object->size, header, &at));) {
        const LV2_URID key =
            ((const LV2_Atom_Property_Body*)((const uint8_t*)(atom + 1) - header))->key;
        if (key == patch->patch_property && atom->type == patch->atom_urid &&
            atom->size >= sizeof(LV2_URID)) {
            statement->property = ((const LV2_Atom_URID*)atom)->body;
        } else if (key == patch->patch_value) {
            statement->value = atom;
        }
    }
    return true;
}

const char*
ub_patch_text(const ub_patch* patch, const LV2_Atom* value)
{
    return value && is_text(patch, value) ? (const char*)(value + 1) : NULL;
}

float
ub_patch_scale(const ub_patch* patch, const LV2_Atom* value)
{
    float scale = 0.0f;
    if (value && value->type == patch->atom_float && value->size == sizeof(scale)) {
        memcpy(&scale, value + 1, sizeof(scale));
    }
    return scale >= 0.5f && scale <= 4.0f ? scale : 0.0f;
}

static void
take_statement(const ub_patch* patch, const ub_statement* said, ub_request* request)
{
    const bool ours = said->property == patch->model;
    if (said->verb == patch->patch_get) {
        request->get = request->get || !said->property || ours; // without one: all there are
    } else if (said->verb == patch->patch_set && said->property == patch->watch) {
        request->watch = true;
    } else if (said->verb == patch->patch_set && said->property == patch->scale) {
        request->scale = ub_patch_scale(patch, said->value);
    } else if (said->verb == patch->patch_set && ours && ub_patch_text(patch, said->value)) {
        request->path = ub_patch_text(patch, said->value);
    }
}

ub_request
ub_patch_read(const ub_patch* patch, const LV2_Atom_Sequence* messages)
{
    ub_request request = {NULL, false, false, -1.0f};
    const uint8_t* const body = (const uint8_t*)(&messages->atom + 1);
    const LV2_Atom* atom = NULL;
    ub_statement said;
    for (uint32_t at = sizeof(LV2_Atom_Sequence_Body);
         (atom = next(body, messages->atom.size, sizeof(LV2_Atom_Event), &at));) {
        if (ub_patch_parse(patch, atom, &said)) {
            take_statement(patch, &said, &request);
        }
    }
    return request;
}

// Begin an event that sets a property, if there is room for its value: whole or not at all
static bool
begin_set(ub_patch* patch, LV2_URID property, size_t size, uint32_t room,
          LV2_Atom_Forge_Frame* object)
{
    LV2_Atom_Forge* const forge = &patch->forge;
    if (forge->offset + 128 + size > room) {
        return false;
    }
    lv2_atom_forge_frame_time(forge, 0);
    lv2_atom_forge_object(forge, object, 0, patch->patch_set);
    lv2_atom_forge_key(forge, patch->patch_property);
    lv2_atom_forge_urid(forge, property);
    lv2_atom_forge_key(forge, patch->patch_value);
    return true;
}

static void
set_text(ub_patch* patch, LV2_URID property, const char* text, bool path, uint32_t room)
{
    LV2_Atom_Forge_Frame object;
    const uint32_t n = text ? (uint32_t)strlen(text) : 0;
    if (text && begin_set(patch, property, n, room, &object)) {
        if (path) {
            lv2_atom_forge_path(&patch->forge, text, n);
        } else {
            lv2_atom_forge_string(&patch->forge, text, n);
        }
        lv2_atom_forge_pop(&patch->forge, &object);
    }
}

void
ub_patch_write(ub_patch* patch, LV2_Atom_Sequence* messages, const ub_news* news)
{
    LV2_Atom_Forge* const forge = &patch->forge;
    LV2_Atom_Forge_Frame sequence;
    LV2_Atom_Forge_Frame object;
    const uint32_t room = messages->atom.size;
    lv2_atom_forge_set_buffer(forge, (uint8_t*)messages, room);
    if (!lv2_atom_forge_sequence_head(forge, &sequence, 0)) {
        return;
    }
    set_text(patch, patch->model, news->path, true, room);
    set_text(patch, patch->sources, news->sources, false, room);
    set_text(patch, patch->message, news->message, false, room);
    if (news->scale && begin_set(patch, patch->scale, sizeof(float), room, &object)) {
        lv2_atom_forge_float(forge, *news->scale);
        lv2_atom_forge_pop(forge, &object);
    }
    if (news->report && begin_set(patch, patch->report, sizeof(*news->report), room, &object)) {
        lv2_atom_forge_vector(forge, sizeof(float), patch->atom_float, UB_REPORT_FLOATS,
                              news->report);
        lv2_atom_forge_pop(forge, &object);
    }
    lv2_atom_forge_pop(forge, &sequence);
}
