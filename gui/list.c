// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  The list of models: those that are installed, then a way to any other file.

  Rows: the models, "Open a file..."; or, while a folder is looked through, "..", then what
  lies in it.
*/

#include "gui/state.h"

#include <stdlib.h>
#include <string.h>

static bool
looking(const ub_view* view)
{
    return view->browse.folder[0] != '\0';
}

uint32_t
ub_list_rows(const ub_view* view)
{
    return looking(view) ? view->browse.entries + 1 : view->models + 1;
}

void
ub_list_text(const ub_view* view, uint32_t row, const char** name, const char** about)
{
    *about = "";
    if (looking(view)) {
        *name = row ? view->browse.entry[row - 1].name : "..";
        *about = row ? (view->browse.entry[row - 1].folder ? "folder" : "weights file")
                     : view->browse.folder;
    } else if (row < view->models) {
        *name = view->model[row].name;
        *about = view->model[row].about;
    } else {
        *name = "Open a file...";
        *about = "any .safetensors weights file";
    }
}

static void
look(ub_view* view)
{
    const char* const home = getenv("HOME");
    if (!home || !ub_browse_open(&view->browse, home)) {
        ub_browse_open(&view->browse, "/");
    }
    view->list_top = 0;
}

static void
choose(ub_view* view, const char* path)
{
    view->listing = false;
    ub_browse_close(&view->browse);
    view->actions.choose(view->actions.handle, path);
}

void
ub_list_pick(ub_view* view, uint32_t row)
{
    char path[2048];
    if (!looking(view)) {
        if (row < view->models) {
            choose(view, view->model[row].path);
        } else {
            look(view);
        }
    } else if (!row) {
        ub_browse_up(&view->browse);
        view->list_top = 0;
    } else if (ub_browse_path(&view->browse, row - 1, path, sizeof(path))) {
        if (!view->browse.entry[row - 1].folder) {
            choose(view, path);
        } else if (ub_browse_open(&view->browse, path)) {
            view->list_top = 0;
        }
    }
}
