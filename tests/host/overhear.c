// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   A plugin library that stands before the real one and writes down what a host hands to it:
   a line for each control that has changed, "source 1", and for what the messages set,
   "model /a/path" and "scale 1.5".  It also makes the plugin three masks late, so that the
   window has something to count.

   UB_OVERHEAR_REAL is the real library's path, UB_OVERHEAR_LOG where the lines go.  One instance.
*/

#include "plugin/lv2/patch.h"
#include "plugin/lv2/ports.h"

#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATE 3.0f

static const ub_shape* shape;
static const LV2_Descriptor* real;
static FILE* lines;
static ub_patch patch;
static float* port[UB_PARAMETERS];
static float last[UB_PARAMETERS];
static const LV2_Atom_Sequence* messages;

static LV2_Handle
instantiate(const LV2_Descriptor* descriptor, double rate, const char* bundle,
            const LV2_Feature* const* features)
{
    LV2_URID_Map* const map = (LV2_URID_Map*)lv2_features_data(features, LV2_URID__map);
    const char* const path = getenv("UB_OVERHEAR_LOG");
    for (uint32_t i = 0; i < UB_SHAPES; ++i) {
        shape = strcmp(ub_shapes[i].uri, descriptor->URI) ? shape : &ub_shapes[i];
    }
    lines = path ? fopen(path, "w") : NULL;
    if (!map || !lines) {
        return NULL;
    }
    ub_patch_init(&patch, map);
    for (uint32_t i = 0; i < UB_PARAMETERS; ++i) {
        last[i] = -1e9f;
    }
    return real->instantiate(real, rate, bundle, features);
}

static void
connect_port(LV2_Handle handle, uint32_t index, void* data)
{
    const uint32_t first = ub_port_parameters(shape);
    if (index >= first && index - first < shape->n_parameters) {
        port[shape->parameters[index - first]] = (float*)data;
    } else if (index == ub_port_messages(shape)) {
        messages = (const LV2_Atom_Sequence*)data;
    }
    real->connect_port(handle, index, data);
}

static void
run(LV2_Handle handle, uint32_t n)
{
    for (uint32_t i = 0; i < UB_PARAMETERS; ++i) {
        if (port[i] && !ub_parameters[i].output && *port[i] != last[i]) {
            last[i] = *port[i];
            fprintf(lines, "%s %g\n", ub_parameters[i].symbol, (double)last[i]);
        }
    }
    const ub_request request = ub_patch_read(&patch, messages);
    if (request.path) {
        fprintf(lines, "model %s\n", request.path);
    }
    if (request.scale >= 0.0f) {
        fprintf(lines, "scale %g\n", (double)request.scale);
    }
    fflush(lines);
    real->run(handle, n);
    *port[UB_LATE] += LATE;
}

LV2_SYMBOL_EXPORT const LV2_Descriptor*
lv2_descriptor(uint32_t index)
{
    static LV2_Descriptor own[UB_SHAPES];
    const char* const path = getenv("UB_OVERHEAR_REAL");
    void* const library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    LV2_Descriptor_Function find = NULL;
    if (library) {
        *(void**)&find = dlsym(library, "lv2_descriptor");
    }
    real = find && index < UB_SHAPES ? find(index) : NULL;
    if (!real) {
        return NULL;
    }
    own[index] = *real;
    own[index].instantiate = instantiate;
    own[index].connect_port = connect_port;
    own[index].run = run;
    return &own[index];
}
