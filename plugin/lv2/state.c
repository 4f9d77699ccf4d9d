// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2/state.h"

#include <lv2/core/lv2_util.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef char* (*map_function)(LV2_State_Map_Path_Handle, const char*);

// A path in the other of its forms, as the host maps it; as it is if the host does not
static bool
map_path(const LV2_Feature* const* features, bool to_abstract, const char* path,
         char mapped[UB_PATH_SIZE])
{
    const LV2_State_Map_Path* const map =
        (const LV2_State_Map_Path*)lv2_features_data(features, LV2_STATE__mapPath);
    const LV2_State_Free_Path* const freer =
        (const LV2_State_Free_Path*)lv2_features_data(features, LV2_STATE__freePath);
    const map_function function = !map          ? NULL
                                  : to_abstract ? map->abstract_path
                                                : map->absolute_path;
    char* const made = function ? function(map->handle, path) : NULL;
    const char* const from = made ? made : path;
    const size_t length = strlen(from);
    if (length < UB_PATH_SIZE) {
        memcpy(mapped, from, length + 1);
    }
    if (made && freer) {
        freer->free_path(freer->handle, made);
    } else {
        free(made);
    }
    return length < UB_PATH_SIZE;
}

static LV2_State_Status
save_model(ub_shell* shell, const ub_patch* patch, LV2_State_Store_Function store,
           LV2_State_Handle handle, const LV2_Feature* const* features)
{
    char path[UB_PATH_SIZE];
    char mapped[UB_PATH_SIZE];
    ub_shell_save(shell, path);
    if (!*path) {
        // Said too: Carla remembers what was stored before, if nothing takes its place.  As a
        // string, since lilv would write an empty path as the folder that it writes into.
        return store(handle, patch->model, "", 1, patch->atom_string,
                     LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE);
    }
    if (!map_path(features, true, path, mapped)) {
        return LV2_STATE_ERR_UNKNOWN;
    }
    return store(handle, patch->model, mapped, strlen(mapped) + 1, patch->atom_path,
                 LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE);
}

LV2_State_Status
ub_state_save(ub_shell* shell, const ub_patch* patch, const _Atomic float* scale,
              LV2_State_Store_Function store, LV2_State_Handle handle,
              const LV2_Feature* const* features)
{
    const float value = atomic_load(scale);
    if (value > 0.0f) { // the window's size is no reason to lose the model
        store(handle, patch->scale, &value, sizeof(value), patch->atom_float,
              LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE);
    }
    return save_model(shell, patch, store, handle, features);
}

// What a host kept, as text: not every host counts the zero at its end (Carla does not)
static bool
copy_text(const char* kept, size_t size, char text[UB_PATH_SIZE])
{
    const size_t length = strnlen(kept, size);
    if (length < UB_PATH_SIZE) {
        memcpy(text, kept, length);
        text[length] = '\0';
    }
    return length < UB_PATH_SIZE;
}

static LV2_State_Status
restore_model(ub_shell* shell, const ub_patch* patch, LV2_State_Retrieve_Function retrieve,
              LV2_State_Handle handle, const LV2_Feature* const* features)
{
    size_t size = 0;
    uint32_t type = 0;
    uint32_t flags = 0;
    const char* const kept = (const char*)retrieve(handle, patch->model, &size, &type, &flags);
    if (!kept) {
        return ub_shell_restore(shell, "") ? LV2_STATE_SUCCESS : LV2_STATE_ERR_UNKNOWN;
    }
    if (type != patch->atom_path && type != patch->atom_string) {
        return LV2_STATE_ERR_BAD_TYPE;
    }
    char text[UB_PATH_SIZE];
    char path[UB_PATH_SIZE] = "";
    if (!copy_text(kept, size, text) || (*text && !map_path(features, false, text, path))) {
        return LV2_STATE_ERR_UNKNOWN;
    }
    return ub_shell_restore(shell, path) ? LV2_STATE_SUCCESS : LV2_STATE_ERR_UNKNOWN;
}

static void
restore_scale(const ub_patch* patch, _Atomic float* scale, LV2_State_Retrieve_Function retrieve,
              LV2_State_Handle handle)
{
    size_t size = 0;
    uint32_t type = 0;
    uint32_t flags = 0;
    const void* const kept = retrieve(handle, patch->scale, &size, &type, &flags);
    struct {
        LV2_Atom atom;
        float value;
    } value = {{sizeof(float), type}, 0.0f};
    if (kept && size == sizeof(float)) {
        memcpy(&value.value, kept, sizeof(float));
        atomic_store(scale, ub_patch_scale(patch, &value.atom));
    }
}

LV2_State_Status
ub_state_restore(ub_shell* shell, const ub_patch* patch, _Atomic float* scale,
                 LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
                 const LV2_Feature* const* features)
{
    restore_scale(patch, scale, retrieve, handle);
    return restore_model(shell, patch, retrieve, handle, features);
}
