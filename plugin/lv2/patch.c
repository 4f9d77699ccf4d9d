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
    patch->model = map->map(map->handle, UB_URI_MODEL);
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

// An object's property and value, if it is of the size it says
static void
read_object(const ub_patch* patch, const LV2_Atom* object, ub_request* request)
{
    const uint32_t header = sizeof(LV2_Atom_Property_Body);
    const uint8_t* const body = (const uint8_t*)(object + 1);
    if (object->size < sizeof(LV2_Atom_Object_Body)) {
        return;
    }
    const LV2_URID type = ((const LV2_Atom_Object_Body*)body)->otype;
    const LV2_Atom* property = NULL;
    const LV2_Atom* value = NULL;
    const LV2_Atom* atom = NULL;
    for (uint32_t at = sizeof(LV2_Atom_Object_Body);
         (atom = next(body, object->size, header, &at));) {
        const LV2_URID key =
            ((const LV2_Atom_Property_Body*)((const uint8_t*)(atom + 1) - header))->key;
        property = key == patch->patch_property ? atom : property;
        value = key == patch->patch_value ? atom : value;
    }
    const bool named =
        property && property->type == patch->atom_urid && property->size >= sizeof(LV2_URID);
    const bool ours = named && ((const LV2_Atom_URID*)property)->body == patch->model;
    if (type == patch->patch_get) {
        request->get = request->get || !property || ours; // without one: all there are
    } else if (type == patch->patch_set && ours && value && is_text(patch, value)) {
        request->path = (const char*)(value + 1);
    }
}

ub_request
ub_patch_read(const ub_patch* patch, const LV2_Atom_Sequence* messages)
{
    ub_request request = {NULL, false};
    const uint8_t* const body = (const uint8_t*)(&messages->atom + 1);
    const LV2_Atom* atom = NULL;
    for (uint32_t at = sizeof(LV2_Atom_Sequence_Body);
         (atom = next(body, messages->atom.size, sizeof(LV2_Atom_Event), &at));) {
        if (lv2_atom_forge_is_object_type(&patch->forge, atom->type)) {
            read_object(patch, atom, &request);
        }
    }
    return request;
}

void
ub_patch_write(ub_patch* patch, LV2_Atom_Sequence* messages, const char* path)
{
    LV2_Atom_Forge* const forge = &patch->forge;
    LV2_Atom_Forge_Frame sequence;
    LV2_Atom_Forge_Frame object;
    const uint32_t room = messages->atom.size;
    lv2_atom_forge_set_buffer(forge, (uint8_t*)messages, room);
    if (!lv2_atom_forge_sequence_head(forge, &sequence, 0)) {
        return;
    }
    // Whole or not at all: an object that does not fit would be cut
    const size_t size = 128 + (path ? strlen(path) : 0);
    if (path && forge->offset + size <= room) {
        lv2_atom_forge_frame_time(forge, 0);
        lv2_atom_forge_object(forge, &object, 0, patch->patch_set);
        lv2_atom_forge_key(forge, patch->patch_property);
        lv2_atom_forge_urid(forge, patch->model);
        lv2_atom_forge_key(forge, patch->patch_value);
        lv2_atom_forge_path(forge, path, (uint32_t)strlen(path));
        lv2_atom_forge_pop(forge, &object);
    }
    lv2_atom_forge_pop(forge, &sequence);
}
