// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/* Messages from a host, good ones and such as hosts should not send: nothing outside what
   the sequence holds is read (the address sanitizer looks on), and what is taken for a path
   ends within it. */

#include "plugin/lv2/patch.h"

#include <lv2/atom/atom.h>
#include <lv2/patch/patch.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATH     "/models/one.safetensors"
#define MAX_URIS 64
#define SIZE     1024

static LV2_URID
map(LV2_URID_Map_Handle handle, const char* uri)
{
    static char uris[MAX_URIS][128];
    (void)handle;
    LV2_URID id = 1;
    while (uris[id][0] && strcmp(uris[id], uri)) {
        ++id;
    }
    strncpy(uris[id], uri, sizeof(uris[id]) - 1);
    return id;
}

static LV2_URID_Map uri_map = {NULL, map};
static ub_patch patch;

static int
setup(void** state)
{
    (void)state;
    ub_patch_init(&patch, &uri_map);
    return 0;
}

/* A copy that ends where it ends: a sequence with a Get of everything, a Set of the model, and
   one of something else.  Returns its bytes. */
static uint8_t*
make_messages(uint32_t* size)
{
    uint64_t buffer[SIZE / 8];
    LV2_Atom_Forge forge;
    LV2_Atom_Forge_Frame sequence;
    LV2_Atom_Forge_Frame object;
    lv2_atom_forge_init(&forge, &uri_map);
    lv2_atom_forge_set_buffer(&forge, (uint8_t*)buffer, sizeof(buffer));
    lv2_atom_forge_sequence_head(&forge, &sequence, 0);
    lv2_atom_forge_frame_time(&forge, 0);
    lv2_atom_forge_object(&forge, &object, 0, map(NULL, LV2_PATCH__Get));
    lv2_atom_forge_pop(&forge, &object);
    static const char* const properties[] = {UB_URI_MODEL, "urn:other"};
    for (int i = 0; i < 2; ++i) {
        lv2_atom_forge_frame_time(&forge, 0);
        lv2_atom_forge_object(&forge, &object, 0, map(NULL, LV2_PATCH__Set));
        lv2_atom_forge_key(&forge, map(NULL, LV2_PATCH__property));
        lv2_atom_forge_urid(&forge, map(NULL, properties[i]));
        lv2_atom_forge_key(&forge, map(NULL, LV2_PATCH__value));
        lv2_atom_forge_path(&forge, i ? "/no" : PATH, (uint32_t)strlen(i ? "/no" : PATH));
        lv2_atom_forge_pop(&forge, &object);
    }
    lv2_atom_forge_pop(&forge, &sequence);
    *size = forge.offset;
    uint8_t* copy = malloc(*size);
    assert_non_null(copy);
    memcpy(copy, buffer, *size);
    return copy;
}

/* Read, and look where the path lies */
static ub_request
read_messages(const uint8_t* messages, uint32_t size)
{
    const ub_request request = ub_patch_read(&patch, (const LV2_Atom_Sequence*)messages);
    if (request.path) {
        const uintptr_t at = (uintptr_t)request.path - (uintptr_t)messages;
        assert_true(at < size && memchr(request.path, '\0', size - at));
    }
    return request;
}

static void
test_good_messages_are_understood(void** state)
{
    (void)state;
    uint32_t size = 0;
    uint8_t* messages = make_messages(&size);
    const ub_request request = read_messages(messages, size);
    assert_true(request.get);
    assert_string_equal(request.path, PATH);
    free(messages);
}

static void
test_empty_sequences_hold_nothing(void** state)
{
    (void)state;
    for (uint32_t size = 0; size <= 8; ++size) {
        LV2_Atom* messages = calloc(1, sizeof(LV2_Atom) + size);
        messages->size = size;
        const ub_request request = read_messages((const uint8_t*)messages, size);
        assert_false(request.get || request.path);
        free(messages);
    }
}

/* The sequence says that it ends anywhere, and it does */
static void
test_cut_messages_are_read_as_far_as_they_go(void** state)
{
    (void)state;
    uint32_t size = 0;
    uint8_t* messages = make_messages(&size);
    for (uint32_t cut = sizeof(LV2_Atom); cut < size; ++cut) {
        uint8_t* part = malloc(cut);
        memcpy(part, messages, cut);
        ((LV2_Atom*)part)->size = cut - (uint32_t)sizeof(LV2_Atom);
        read_messages(part, cut);
        free(part);
    }
    free(messages);
}

/* Any word of what the sequence holds is another number: sizes, types, keys, times */
static void
test_wrong_words_lead_nowhere(void** state)
{
    (void)state;
    static const uint32_t values[] = {
        0,      1,          2,          3,          7,          8,         15,   16,
        24,     32,         63,         64,         65,         100,       1000, 4096,
        0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffff8, 0xffffffff};
    uint32_t size = 0;
    uint8_t* messages = make_messages(&size);
    for (uint32_t at = sizeof(LV2_Atom); at + 4 <= size; at += 4) {
        uint32_t before;
        memcpy(&before, messages + at, 4);
        for (uint32_t v = 0; v < sizeof(values) / sizeof(*values) + 64; ++v) {
            const uint32_t value = v < 64 ? before - 32 + v : values[v - 64];
            memcpy(messages + at, &value, 4);
            read_messages(messages, size);
        }
        memcpy(messages + at, &before, 4);
    }
    free(messages);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_messages_are_understood),
        cmocka_unit_test(test_empty_sequences_hold_nothing),
        cmocka_unit_test(test_cut_messages_are_read_as_far_as_they_go),
        cmocka_unit_test(test_wrong_words_lead_nowhere),
    };
    return cmocka_run_group_tests_name("patch", tests, setup, NULL);
}
