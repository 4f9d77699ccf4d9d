// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  The list of models: those that are installed, then a way to any other file; and that of the
  window's sizes.

  Rows of the former: the models, "Open a file..."; or, while a folder is looked through, "..",
  then what lies in it.
*/

#include "gui/act.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char* text;
    double scale;
} sizes[] = {{"Automatic", 0.0}, {"75 %", 0.75}, {"100 %", 1.0}, {"125 %", 1.25},
             {"150 %", 1.5},     {"200 %", 2.0}, {"250 %", 2.5}, {"300 %", 3.0}};

#define SIZES ((uint32_t)(sizeof(sizes) / sizeof(sizes[0])))

static bool
looking(const ub_view* view)
{
    return view->browse.folder[0] != '\0';
}

uint32_t
ub_list_rows(const ub_view* view)
{
    if (view->listing == UB_LIST_SIZES) {
        return SIZES;
    }
    return looking(view) ? view->browse.entries + 1 : view->models + 1;
}

void
ub_list_text(const ub_view* view, uint32_t row, const char** name, const char** about)
{
    *about = "";
    if (view->listing == UB_LIST_SIZES) {
        *name = sizes[row].text;
    } else if (looking(view)) {
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
    ub_act_close_list(view);
    view->actions.choose(view->actions.handle, path);
}

void
ub_list_pick(ub_view* view, uint32_t row)
{
    char path[2048];
    if (view->listing == UB_LIST_SIZES) {
        ub_act_close_list(view);
        view->actions.scale(view->actions.handle, sizes[row].scale);
    } else if (!looking(view)) {
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
