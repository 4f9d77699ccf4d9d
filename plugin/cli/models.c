// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/cli.h"

#include "plugin/cli/card.h"
#include "plugin/cli/model.h"
#include "plugin/cli/print.h"
#include "plugin/models.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void
print_text(const ub_model_entry* entry, const json_t* card)
{
    static const char* const keys[] = {"licence", "sdr", NULL};
    printf("%s\n", entry->name);
    printf("  file        %s\n", entry->path);
    if (entry->sources) {
        printf("  sources     %s\n", entry->sources);
        printf("  size        %.1f MB\n", 1e-6 * (double)entry->size);
    }
    ub_print_card(card, keys, "  ");
    if (entry->trouble) {
        printf("  cannot be used: %s\n", entry->trouble);
    }
}

static void
print_object(const ub_model_entry* entry, json_t* card)
{
    json_t* sources = json_array();
    for (const char* at = entry->sources ? entry->sources : ""; *at;) {
        const size_t n = strcspn(at, " ");
        json_array_append_new(sources, json_stringn(at, n));
        at += n + (at[n] == ' ');
    }
    ub_print_json(json_pack("{so so so sI so so}", "name", ub_json_text(entry->name), "file",
                            ub_json_text(entry->path), "sources", sources, "size",
                            (json_int_t)entry->size, "card", card ? json_incref(card) : json_null(),
                            "trouble",
                            entry->trouble ? ub_json_text(entry->trouble) : json_null()));
}

int
ub_cli_models(const ub_cli_options* options)
{
    char folder[UB_MODEL_FOLDERS][UB_MODEL_PATH];
    const char* folders[UB_MODEL_FOLDERS];
    ub_model_list list;
    ub_model_folders(folder, folders);
    const bool ok = ub_models_list(&list, folders, UB_MODEL_FOLDERS);
    if (!ok) {
        ub_print_error("out of memory for the list of models");
    }
    for (size_t i = 0; ok && i < list.count; ++i) {
        json_t* card = json_loads(list.entries[i].card, 0, NULL);
        if (options->json) {
            print_object(&list.entries[i], card);
        } else {
            print_text(&list.entries[i], card);
        }
        json_decref(card);
    }
    if (ok && !list.count && !options->json) {
        ub_print_error("no models in %s", folders[0] ? folders[0] : "the bundle");
    }
    ub_models_free(&list);
    return ok ? UB_CLI_OK : UB_CLI_FAILED;
}
