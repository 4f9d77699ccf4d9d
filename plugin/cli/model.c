// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/model.h"

#include "model/backend/cuda/cuda.h"
#include "model/file/environment.h"
#include "model/file/error.h"
#include "plugin/models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "unbraid.lv2/default.safetensors"

/// The directory that the program lies in
static void
program_dir(char* dir, size_t size)
{
    const ssize_t n = readlink("/proc/self/exe", dir, size - 1);
    dir[n < 0 ? 0 : n] = '\0';
    char* slash = strrchr(dir, '/');
    if (slash) {
        *slash = '\0';
    }
}

/// Note a path in the list, and whether it can be read
static bool
look(const char* path, char* list, size_t size)
{
    const size_t n = strlen(list);
    snprintf(list + n, size - n, "%s%s", n ? ", " : "", path);
    return !access(path, R_OK);
}

/// Look in the directories of LV2_PATH, where hosts look for plugins
static bool
look_along(const char* dirs, char* path, size_t size, char* list, size_t list_size)
{
    for (const char* dir = dirs ? dirs : ""; *dir;) {
        const size_t n = strcspn(dir, ":");
        snprintf(path, size, "%.*s/%s", (int)n, dir, FILE_NAME);
        if (n && look(path, list, list_size)) {
            return true;
        }
        dir += n + (dir[n] == ':');
    }
    return false;
}

/// The installed model: its path, or false with where it was looked for in the list
static bool
find_installed(char* path, size_t size, char* list, size_t list_size)
{
    char program[1024];
    program_dir(program, sizeof(program));
    const char* home = ub_environment(UB_ENV_HOME);
    const struct {
        const char* root;
        const char* sub;
    } places[] = {{program, ""},
                  {program, "/../lib/lv2"},
                  {home ? home : "", "/.lv2"},
                  {"/usr/local", "/lib/lv2"},
                  {"/usr", "/lib/lv2"}};
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); ++i) {
        snprintf(path, size, "%s%s/%s", places[i].root, places[i].sub, FILE_NAME);
        if (look(path, list, list_size)) {
            return true;
        }
    }
    return look_along(getenv("LV2_PATH"), path, size, list, list_size);
}

void
ub_model_folders(char room[UB_MODEL_FOLDERS][UB_MODEL_PATH], const char* folders[UB_MODEL_FOLDERS])
{
    char list[4096] = "";
    folders[0] = ub_models_folder(room[0], UB_MODEL_PATH) ? room[0] : NULL;
    folders[1] = find_installed(room[1], UB_MODEL_PATH, list, sizeof(list)) ? room[1] : NULL;
    if (folders[1]) {
        *strrchr(room[1], '/') = '\0';
    }
}

void
ub_bundle_init(void)
{
    char path[UB_MODEL_PATH];
    char list[4096] = "";
    if (find_installed(path, sizeof(path), list, sizeof(list))) {
        *strrchr(path, '/') = '\0';
        ub_cuda_look_in(path);
    }
}

/// Whether anything lies there but a folder, as -o may have made
static bool
is_file(const char* path)
{
    struct stat status;
    return !stat(path, &status) && !S_ISDIR(status.st_mode);
}

/// A file, or a name of one of the models
static bool
find_given(const char* given, char* path, size_t size, char* err, size_t err_size)
{
    char room[UB_MODEL_FOLDERS][UB_MODEL_PATH];
    const char* folders[UB_MODEL_FOLDERS];
    if (strchr(given, '/') || is_file(given)) {
        return snprintf(path, size, "%s", given) < (int)size ||
               ub_error(err, err_size, "%s: name is too long", given);
    }
    ub_model_folders(room, folders);
    return ub_models_find(given, folders, UB_MODEL_FOLDERS, path, size) ||
           ub_error(err, err_size,
                    "%s: no such file, and no model of that name (expected one that 'unbraid "
                    "models' lists)",
                    given);
}

bool
ub_model_path(const char* chosen, char* path, size_t size, char* err, size_t err_size)
{
    const char* given = chosen ? chosen : getenv("UNBRAID_MODEL");
    char list[4096] = "";
    if (given && *given) {
        return find_given(given, path, size, err, err_size);
    }
    return find_installed(path, size, list, sizeof(list)) ||
           ub_error(err, err_size, "no model found (expected -m FILE, UNBRAID_MODEL or one of %s)",
                    list);
}
