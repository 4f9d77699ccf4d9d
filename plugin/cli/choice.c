// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/choice.h"

#include "model/backend/cuda/cuda.h"
#include "model/backend/native/native.h"
#include "model/conv/level.h"
#include "plugin/cli/print.h"

#include <stdio.h>
#include <string.h>

/// What computes is settled when an engine meets a model
static bool
meet(ub_engine* engine, const ub_model* model, char* err, size_t err_size)
{
    static const ub_client_options options = {
        .slots = 1, .room = {.max_count = 1, .jobs = 1, .mask_frames = 1, .backlog = 1}};
    ub_client* client = ub_client_new(engine, model, &options, err, err_size);
    ub_client_free(client);
    return client;
}

bool
ub_choose_backend(const ub_model* model, const char* asked, ub_choice* choice, char* err,
                  size_t err_size)
{
    const ub_engine_options options = {.backend = asked, .workers = 1};
    ub_engine* engine = ub_engine_new(&options, err, err_size);
    const bool chosen = engine && meet(engine, model, err, err_size);
    if (chosen) {
        choice->backend = ub_engine_backend(engine)->name;
        ub_engine_reason(engine, choice->why, sizeof(choice->why));
    }
    ub_engine_free(engine);
    return chosen;
}

static bool
is_chosen(const ub_choice* choice, const ub_backend* backend)
{
    return choice && !strcmp(choice->backend, backend->name);
}

/// Whether the devices are what computes
static bool
on_device(const ub_choice* choice)
{
    bool device = false;
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        device = device || ((*b)->device && is_chosen(choice, *b));
    }
    return device;
}

static void
print_cpu(void)
{
    const char* names[UB_LEVELS];
    char err[UB_CUDA_TEXT];
    const char* level = ub_native_level(err, sizeof(err));
    const unsigned n = ub_levels(names);
    printf("cpu         %s (UNBRAID_CPU:", level ? level : "none");
    for (unsigned i = 0; i < n; ++i) {
        printf(" %s", names[i]);
    }
    puts(")");
}

void
ub_print_choice(const ub_choice* choice)
{
    char why[UB_CUDA_TEXT] = "";
    const ub_cuda_devices* devices = ub_cuda_list(why);
    print_cpu();
    if (!devices) {
        printf("gpu         none: %s\n", why);
    }
    for (uint32_t i = 0; devices && i < devices->n; ++i) {
        const bool used = !i && on_device(choice);
        printf("%-11s %s %s\n", i ? "" : "gpu", used ? "*" : "-", devices->about[i]);
    }
    puts("backends");
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        printf("  %c %-12s %s%s\n", is_chosen(choice, *b) ? '*' : ' ', (*b)->name, (*b)->about,
               (*b)->available() ? "" : " (not on this machine)");
    }
    if (choice && *choice->why) {
        printf("chosen      %s: %s\n", choice->backend, choice->why);
    }
}

void
ub_put_choice(json_t* object, const ub_choice* choice)
{
    char why[UB_CUDA_TEXT] = "";
    const ub_cuda_devices* devices = ub_cuda_list(why);
    json_t* list = json_array();
    for (uint32_t i = 0; devices && i < devices->n; ++i) {
        json_array_append_new(list, json_pack("{ss sb}", "about", devices->about[i], "used",
                                              !i && on_device(choice)));
    }
    json_t* backends = json_array();
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        json_array_append_new(backends, json_pack("{ss ss sb}", "name", (*b)->name, "about",
                                                  (*b)->about, "available", (*b)->available()));
    }
    char err[UB_CUDA_TEXT];
    const char* level = ub_native_level(err, sizeof(err)); // why not was said
    json_object_set_new(object, "cpu", level ? json_string(level) : json_null());
    json_object_set_new(object, "backends", backends);
    json_object_set_new(object, "backend", choice ? json_string(choice->backend) : json_null());
    json_object_set_new(object, "why", choice ? ub_json_text(choice->why) : json_null());
    json_object_set_new(object, "devices", list);
    json_object_set_new(object, "no_device", devices ? json_null() : ub_json_text(why));
}
