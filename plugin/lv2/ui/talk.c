// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2/ui/talk.h"

#include <lv2/atom/atom.h>

#include <string.h>

void
ub_talk_init(ub_talk* talk, LV2_URID_Map* map, LV2UI_Write_Function write,
             LV2UI_Controller controller, uint32_t port)
{
    ub_patch_init(&talk->patch, map);
    talk->event_transfer = map->map(map->handle, LV2_ATOM__eventTransfer);
    talk->write = write;
    talk->controller = controller;
    talk->port = port;
}

/// Begin a message; what is forged until send() goes into it
static LV2_Atom_Forge*
begin(ub_talk* talk, LV2_URID type, LV2_Atom_Forge_Frame* frame, uint8_t* buffer, size_t size)
{
    LV2_Atom_Forge* const forge = &talk->patch.forge;
    lv2_atom_forge_set_buffer(forge, buffer, size);
    lv2_atom_forge_object(forge, frame, 0, type);
    return forge;
}

/// Begin one that sets a property; its value is to follow
static LV2_Atom_Forge*
begin_set(ub_talk* talk, LV2_URID property, LV2_Atom_Forge_Frame* frame, uint8_t* buffer,
          size_t size)
{
    LV2_Atom_Forge* const forge = begin(talk, talk->patch.patch_set, frame, buffer, size);
    lv2_atom_forge_key(forge, talk->patch.patch_property);
    lv2_atom_forge_urid(forge, property);
    lv2_atom_forge_key(forge, talk->patch.patch_value);
    return forge;
}

static void
send(ub_talk* talk, LV2_Atom_Forge_Frame* frame, const uint8_t* buffer)
{
    const LV2_Atom* const atom = (const LV2_Atom*)buffer;
    lv2_atom_forge_pop(&talk->patch.forge, frame);
    talk->write(talk->controller, talk->port, (uint32_t)sizeof(LV2_Atom) + atom->size,
                talk->event_transfer, buffer);
}

void
ub_talk_watch(ub_talk* talk)
{
    _Alignas(8) uint8_t buffer[256];
    LV2_Atom_Forge_Frame frame;
    LV2_Atom_Forge* const forge =
        begin_set(talk, talk->patch.watch, &frame, buffer, sizeof(buffer));
    lv2_atom_forge_bool(forge, true);
    send(talk, &frame, buffer);
}

void
ub_talk_scale(ub_talk* talk, float scale)
{
    _Alignas(8) uint8_t buffer[256];
    LV2_Atom_Forge_Frame frame;
    LV2_Atom_Forge* const forge =
        begin_set(talk, talk->patch.scale, &frame, buffer, sizeof(buffer));
    lv2_atom_forge_float(forge, scale);
    send(talk, &frame, buffer);
}

void
ub_talk_get(ub_talk* talk)
{
    _Alignas(8) uint8_t buffer[128];
    LV2_Atom_Forge_Frame frame;
    begin(talk, talk->patch.patch_get, &frame, buffer, sizeof(buffer));
    send(talk, &frame, buffer);
}

void
ub_talk_choose(ub_talk* talk, const char* path)
{
    _Alignas(8) uint8_t buffer[8192];
    LV2_Atom_Forge_Frame frame;
    if (strlen(path) > sizeof(buffer) - 256) {
        return;
    }
    LV2_Atom_Forge* const forge =
        begin_set(talk, talk->patch.model, &frame, buffer, sizeof(buffer));
    lv2_atom_forge_path(forge, path, (uint32_t)strlen(path));
    send(talk, &frame, buffer);
}

static bool
read_report(const ub_talk* talk, const LV2_Atom* value, ub_report* into)
{
    const LV2_Atom_Vector* const vector = (const LV2_Atom_Vector*)value;
    if (value->type != talk->patch.atom_vector || value->size < sizeof(vector->body) ||
        vector->body.child_type != talk->patch.atom_float ||
        vector->body.child_size != sizeof(float)) {
        return false;
    }
    const size_t n = (value->size - sizeof(vector->body)) / sizeof(float);
    return ub_report_read(into, (const float*)(&vector->body + 1), (uint32_t)n);
}

ub_talk_news
ub_talk_read(const ub_talk* talk, uint32_t size, const void* message, ub_report* into)
{
    const ub_patch* const patch = &talk->patch;
    const LV2_Atom* const atom = (const LV2_Atom*)message;
    ub_talk_news news = {NULL, NULL, NULL, 0.0f, false};
    ub_statement said;
    if (size < sizeof(*atom) || atom->size > size - sizeof(*atom) ||
        !ub_patch_parse(patch, atom, &said) || said.verb != patch->patch_set) {
        return news;
    }
    if (said.property == patch->model) {
        news.model = ub_patch_text(patch, said.value);
    } else if (said.property == patch->sources) {
        news.sources = ub_patch_text(patch, said.value);
    } else if (said.property == patch->message) {
        news.message = ub_patch_text(patch, said.value);
    } else if (said.property == patch->scale) {
        news.scale = ub_patch_scale(patch, said.value);
    } else if (said.property == patch->report && said.value) {
        news.report = read_report(talk, said.value, into);
    }
    return news;
}
