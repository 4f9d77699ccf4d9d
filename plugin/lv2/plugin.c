// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The LV2 plugins: ports and settings around a deck, or two while a model takes over.
*/

#include "dsp/clock.h"
#include "plugin/shell/wish.h"
#include "plugin/lv2/host.h"
#include "plugin/shell/pace.h"
#include "plugin/lv2/patch.h"
#include "plugin/shell/player.h"
#include "plugin/lv2/state.h"
#include "plugin/shell/parameters.h"

#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/options/options.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const ub_shape* shape;
    char bundle[UB_PATH_SIZE];
    ub_host host;
    ub_patch patch; // If the host maps URIs; else there are no messages and no state
    ub_player player;
    ub_pace pace;
    const float* in[UB_MAX_INS];
    float* out[UB_MAX_OUTS];
    ub_controls controls;
    const LV2_Atom_Sequence* messages;
    LV2_Atom_Sequence* notes;
    float silence[UB_PIECE];              // For inputs that are not connected
    float scratch[UB_MAX_OUTS][UB_PIECE]; // For outputs that are not
} plugin;

static void
cleanup(LV2_Handle instance)
{
    plugin* const self = (plugin*)instance;
    ub_player_close(&self->player);
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

static LV2_Handle
instantiate(const LV2_Descriptor* descriptor, double rate, const char* bundle,
            const LV2_Feature* const* features)
{
    ub_host host;
    ub_host_init(&host, features);
    if (!(rate >= 8000.0 && rate <= 192000.0)) {
        char line[96];
        snprintf(line, sizeof(line), "%g Hz: sample rate not supported (expected 8000 to 192000)",
                 rate);
        ub_host_say(&host, line);
        return NULL;
    }
    plugin* const self = (plugin*)calloc(1, sizeof(plugin));
    if (!self) {
        ub_host_say(&host, "out of memory");
        return NULL;
    }
    self->host = host;
    self->shape = find_shape(descriptor);
    self->pace.rate = rate;
    snprintf(self->bundle, sizeof(self->bundle), "%s", bundle);
    const LV2_Options_Option* const options =
        (const LV2_Options_Option*)lv2_features_data(features, LV2_OPTIONS__options);
    const ub_deck_config config = {.bundle = self->bundle,
                                   .rate = rate,
                                   .channels = self->shape->ins,
                                   .outputs = self->shape->outs / self->shape->ins,
                                   .block = ub_host_block(&host, options)};
    if (!ub_player_open(&self->player, &config, &self->host)) {
        cleanup(self);
        return NULL;
    }
    if (host.map) {
        ub_patch_init(&self->patch, host.map);
    }
    return self;
}

static void
connect_port(LV2_Handle instance, uint32_t port, void* data)
{
    plugin* const self = (plugin*)instance;
    const ub_shape* const shape = self->shape;
    const uint32_t controls = shape->ins + shape->outs;
    const uint32_t messages = controls + shape->n_controls;
    if (port < shape->ins) {
        self->in[port] = (const float*)data;
    } else if (port < controls) {
        self->out[port - shape->ins] = (float*)data;
    } else if (port < messages) {
        self->controls.port[shape->controls[port - controls]] = (float*)data;
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
    ub_player_reset(&self->player);
    self->pace = (ub_pace){.rate = self->pace.rate};
}

/// Whether the host can be kept waiting: as it says so, or is far ahead of real time.
static bool
can_wait(plugin* self, uint32_t n)
{
    const bool ahead = ub_pace_ahead(&self->pace, n, ub_now());
    return ahead || ub_control_get(&self->controls, UB_FREEWHEEL) > 0.0f;
}

/// Take in what the host asks for.  Whoever can be kept waiting hears a model from where it
/// was set on, however long it takes to load.
static ub_request
take_orders(plugin* self, bool wait)
{
    const bool talks = self->messages && self->host.map;
    const ub_request request =
        talks ? ub_patch_read(&self->patch, self->messages) : (ub_request){NULL, false};
    const float processor = ub_control_get(&self->controls, UB_PROCESSOR);
    ub_player_order(&self->player, request.path, (ub_processor)processor, wait);
    return request;
}

static void
play(plugin* self, bool wait)
{
    ub_wish wish[UB_MAX_OUTPUTS];
    for (uint32_t o = 0; o < self->shape->outs / self->shape->ins; ++o) {
        wish[o] = ub_controls_wish(&self->controls, self->shape->selector, o);
    }
    const float response = ub_control_get(&self->controls, UB_RESPONSE);
    ub_player_play(&self->player, (ub_response)response, wish, wait);
}

/// Run n samples, at most UB_PIECE, that lie at an offset in the ports' buffers.
static void
run_piece(plugin* self, uint32_t offset, uint32_t n)
{
    const float* in[UB_MAX_INS];
    float* out[UB_MAX_OUTS];
    for (uint32_t c = 0; c < self->shape->ins; ++c) {
        in[c] = self->in[c] ? self->in[c] + offset : self->silence;
    }
    for (uint32_t c = 0; c < self->shape->outs; ++c) {
        out[c] = self->out[c] ? self->out[c] + offset : self->scratch[c];
    }
    ub_player_run(&self->player, in, out, n);
}

static void
report(plugin* self, bool asked)
{
    const ub_deck* const deck = self->player.deck;
    const ub_separator* const separator = ub_deck_separator(deck);
    const int status = ub_player_status(&self->player);
    ub_control_put(&self->controls, UB_LATENCY, (float)ub_separator_latency(separator));
    ub_control_put(&self->controls, UB_LATE, (float)ub_separator_late_frames(separator));
    ub_control_put(&self->controls, UB_STATUS, (float)status);
    ub_control_put(&self->controls, UB_LOAD,
                   deck->engine ? 100.0f * ub_engine_load(deck->engine) : 0.0f);
    if (self->notes && self->host.map) {
        const bool changed = ub_player_changed(&self->player);
        ub_patch_write(&self->patch, self->notes, changed || asked ? deck->path : NULL);
    }
}

static void
run(LV2_Handle instance, uint32_t n)
{
    plugin* const self = (plugin*)instance;
    const bool wait = can_wait(self, n);
    const ub_request request = take_orders(self, wait);
    play(self, wait);
    for (uint32_t done = 0; done < n;) {
        const uint32_t piece = n - done < UB_PIECE ? n - done : UB_PIECE;
        run_piece(self, done, piece);
        done += piece;
    }
    report(self, request.get);
}

static LV2_State_Status
save(LV2_Handle instance, LV2_State_Store_Function store, LV2_State_Handle handle, uint32_t flags,
     const LV2_Feature* const* features)
{
    (void)flags;
    plugin* const self = (plugin*)instance;
    return self->host.map
               ? ub_state_save(&self->player.loader, &self->patch, store, handle, features)
               : LV2_STATE_SUCCESS;
}

static LV2_State_Status
restore(LV2_Handle instance, LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
        uint32_t flags, const LV2_Feature* const* features)
{
    (void)flags;
    plugin* const self = (plugin*)instance;
    return self->host.map
               ? ub_state_restore(&self->player.loader, &self->patch, retrieve, handle, features)
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
    const uint32_t block = ub_host_block(&self->host, options);
    if (!block) {
        return LV2_OPTIONS_ERR_BAD_KEY;
    }
    return ub_loader_set_block(&self->player.loader, block) ? LV2_OPTIONS_SUCCESS
                                                            : LV2_OPTIONS_ERR_UNKNOWN;
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
};

LV2_SYMBOL_EXPORT const LV2_Descriptor*
lv2_descriptor(uint32_t index)
{
    return index < UB_SHAPES ? &descriptors[index] : NULL;
}
