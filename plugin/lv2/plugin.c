// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The LV2 plugins: ports and messages around a shell.
*/

#include "plugin/lv2/host.h"
#include "plugin/lv2/notice.h"
#include "plugin/lv2/patch.h"
#include "plugin/lv2/ports.h"
#include "plugin/lv2/state.h"
#include "plugin/shell/shell.h"

#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/options/options.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const ub_shape* shape;
    ub_lv2_host host;
    ub_notice notice;
    char message[240]; // What was said of the model that plays, or of one that cannot
    ub_patch patch;    // If the host maps URIs; else there are no messages and no state
    ub_shell* shell;
    const float* in[UB_MAX_INS];
    float* out[UB_MAX_OUTS];
    float* control[UB_PARAMETERS]; // NULL where not connected
    const LV2_Atom_Sequence* messages;
    LV2_Atom_Sequence* notes;
    _Atomic float scale; // That somebody gave the window, 0: nobody did
} plugin;

static void
cleanup(LV2_Handle instance)
{
    plugin* const self = (plugin*)instance;
    ub_shell_free(self->shell);
    ub_notice_destroy(&self->notice);
    free(self);
}

static const ub_shape*
find_shape(const LV2_Descriptor* descriptor)
{
    const ub_shape* shape = ub_shapes;
    while (strcmp(shape->uri, descriptor->URI)) {
        ++shape;
    }
    return shape;
}

static void
say(void* handle, const char* line)
{
    plugin* const self = (plugin*)handle;
    ub_lv2_host_say(&self->host, line);
    ub_notice_put(&self->notice, line);
}

static LV2_Handle
instantiate(const LV2_Descriptor* descriptor, double rate, const char* bundle,
            const LV2_Feature* const* features)
{
    plugin* const self = (plugin*)calloc(1, sizeof(plugin));
    if (!self) {
        return NULL;
    }
    ub_lv2_host_init(&self->host, features);
    ub_notice_init(&self->notice);
    self->shape = find_shape(descriptor);
    const LV2_Options_Option* const options =
        (const LV2_Options_Option*)lv2_features_data(features, LV2_OPTIONS__options);
    const ub_host host = {.handle = self, .say = say};
    const ub_shell_config config = {.shape = self->shape,
                                    .bundle = bundle,
                                    .rate = rate,
                                    .block = ub_lv2_host_block(&self->host, options)};
    self->shell = ub_shell_new(&config, &host);
    if (!self->shell) {
        cleanup(self);
        return NULL;
    }
    if (self->host.map) {
        ub_patch_init(&self->patch, self->host.map);
    }
    ub_notice_take(&self->notice, self->message); // why the mix is passed on, if it is
    return self;
}

static void
connect_port(LV2_Handle instance, uint32_t port, void* data)
{
    plugin* const self = (plugin*)instance;
    const ub_shape* const shape = self->shape;
    const uint32_t parameters = ub_port_parameters(shape);
    const uint32_t messages = ub_port_messages(shape);
    if (port < shape->ins) {
        self->in[port] = (const float*)data;
    } else if (port < parameters) {
        self->out[port - shape->ins] = (float*)data;
    } else if (port < messages) {
        self->control[shape->parameters[port - parameters]] = (float*)data;
    } else if (port == messages) {
        self->messages = (const LV2_Atom_Sequence*)data;
    } else {
        self->notes = (LV2_Atom_Sequence*)data;
    }
}

static void
activate(LV2_Handle instance)
{
    plugin* const self = (plugin*)instance;
    ub_shell_activate(self->shell);
}

/// Take in what the ports and messages ask for; whether the host wants to know the model.
static bool
take_in(plugin* self)
{
    const bool talks = self->messages && self->host.map;
    const ub_request request = talks ? ub_patch_read(&self->patch, self->messages)
                                     : (ub_request){NULL, false, false, -1.0f};
    for (uint32_t i = 0; i < self->shape->n_parameters; ++i) {
        const ub_parameter p = (ub_parameter)self->shape->parameters[i];
        if (!ub_parameters[p].output) {
            ub_shell_set(self->shell, p,
                         self->control[p] ? *self->control[p] : ub_parameters[p].def);
        }
    }
    if (request.path) {
        ub_shell_order(self->shell, request.path);
    }
    if (request.scale >= 0.0f) {
        atomic_store_explicit(&self->scale, request.scale, memory_order_relaxed);
    }
    if (request.watch) {
        ub_shell_watch(self->shell);
    }
    return request.get;
}

/// Write the messages of a block
static void
tell(plugin* self, bool changed, bool all)
{
    ub_report report;
    if (changed) {
        ub_notice_take(&self->notice, self->message);
    }
    const float scale = atomic_load_explicit(&self->scale, memory_order_relaxed);
    const ub_news news = {.path = all ? ub_shell_playing(self->shell) : NULL,
                          .sources = all ? ub_shell_sources(self->shell) : NULL,
                          .message = all ? self->message : NULL,
                          .scale = all && scale > 0.0f ? &scale : NULL,
                          .report = ub_shell_report(self->shell, &report) ? &report : NULL};
    ub_patch_write(&self->patch, self->notes, &news);
}

static void
give_out(plugin* self, bool asked)
{
    for (uint32_t i = 0; i < self->shape->n_parameters; ++i) {
        const ub_parameter p = (ub_parameter)self->shape->parameters[i];
        if (ub_parameters[p].output && self->control[p]) {
            *self->control[p] = ub_shell_get(self->shell, p);
        }
    }
    if (self->notes && self->host.map) {
        const bool changed = ub_shell_changed(self->shell);
        tell(self, changed, changed || asked);
    }
}

static void
run(LV2_Handle instance, uint32_t n)
{
    plugin* const self = (plugin*)instance;
    const bool asked = take_in(self);
    ub_shell_run(self->shell, self->in, self->out, n);
    give_out(self, asked);
}

static LV2_State_Status
save(LV2_Handle instance, LV2_State_Store_Function store, LV2_State_Handle handle, uint32_t flags,
     const LV2_Feature* const* features)
{
    (void)flags;
    plugin* const self = (plugin*)instance;
    return self->host.map
               ? ub_state_save(self->shell, &self->patch, &self->scale, store, handle, features)
               : LV2_STATE_SUCCESS;
}

static LV2_State_Status
restore(LV2_Handle instance, LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
        uint32_t flags, const LV2_Feature* const* features)
{
    (void)flags;
    plugin* const self = (plugin*)instance;
    return self->host.map ? ub_state_restore(self->shell, &self->patch, &self->scale, retrieve,
                                             handle, features)
                          : LV2_STATE_ERR_NO_FEATURE;
}

/// There is no option that the host did not set itself.
static uint32_t
get_options(LV2_Handle instance, LV2_Options_Option* options)
{
    (void)instance;
    return options->key || options->value ? LV2_OPTIONS_ERR_BAD_KEY : LV2_OPTIONS_SUCCESS;
}

static uint32_t
set_options(LV2_Handle instance, const LV2_Options_Option* options)
{
    plugin* const self = (plugin*)instance;
    const uint32_t block = ub_lv2_host_block(&self->host, options);
    if (!block) {
        return LV2_OPTIONS_ERR_BAD_KEY;
    }
    return ub_shell_set_block(self->shell, block) ? LV2_OPTIONS_SUCCESS : LV2_OPTIONS_ERR_UNKNOWN;
}

static const void*
extension_data(const char* uri)
{
    static const LV2_State_Interface state = {save, restore};
    static const LV2_Options_Interface options = {get_options, set_options};
    if (!strcmp(uri, LV2_STATE__interface)) {
        return &state;
    }
    return strcmp(uri, LV2_OPTIONS__interface) ? NULL : &options;
}

static const LV2_Descriptor descriptors[UB_SHAPES] = {
    {UB_URI_STEREO, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
    {UB_URI_MONO, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
    {UB_URI_STEMS, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
    {UB_URI_MIXER, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
};

LV2_SYMBOL_EXPORT const LV2_Descriptor*
lv2_descriptor(uint32_t index)
{
    return index < UB_SHAPES ? &descriptors[index] : NULL;
}
