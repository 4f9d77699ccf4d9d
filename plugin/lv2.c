// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The LV2 plugins: ports and settings around a deck, or two while a model takes over.
*/

#include "plugin/lv2_controls.h"
#include "plugin/lv2_deck.h"
#include "plugin/lv2_host.h"
#include "plugin/lv2_loader.h"
#include "plugin/lv2_pace.h"
#include "plugin/lv2_patch.h"
#include "plugin/lv2_state.h"
#include "plugin/ports.h"

#include <lv2/core/lv2.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PIECE 1024 ///< Samples run at once, so that scratch buffers have a size
#define FADE 0.05  ///< Of one model into another, s

typedef struct {
    const ub_shape* shape;
    ub_host host;
    ub_engine* engine; // Shared; NULL if there is none
    ub_deck_config config;
    char bundle[UB_PATH_SIZE];
    ub_loader loader;
    ub_patch patch;
    ub_deck* deck;    // Plays
    ub_deck* next;    // Takes over, or NULL
    uint32_t age;     // Samples that it has heard
    bool announce;    // Tell the host which model plays
    ub_pace pace;
    const float* in[UB_MAX_INS];
    float* out[UB_MAX_OUTS];
    ub_controls controls;
    const LV2_Atom_Sequence* messages;
    LV2_Atom_Sequence* notes;
    float silence[PIECE];              // For inputs that are not connected
    float scratch[UB_MAX_OUTS][PIECE]; // For outputs that are not
    float coming[UB_MAX_OUTS][PIECE];  // What the next deck plays
} plugin;

static void say(void* host, const char* line)
{
    ub_host_say((ub_host*)host, line);
}

static float find_status(const plugin* self)
{
    int status = 0;
    if (ub_stream_model(self->deck->stream)) {
        const char* const name = ub_engine_backend(self->engine)->name;
        for (status = 1; status < UB_STATUSES; ++status) {
            if (!strcmp(name, ub_status_backend[status])) {
                break;
            }
        }
    }
    return (float)(ub_stream_healthy(self->deck->stream) ? status : UB_STATUS_FAILING);
}

static void cleanup(LV2_Handle instance)
{
    plugin* const self = (plugin*)instance;
    ub_loader_stop(&self->loader);
    ub_deck_free(self->next);
    ub_deck_free(self->deck);
    if (self->engine) {
        ub_engine_free(self->engine);
    }
    free(self);
}

static const ub_shape* find_shape(const LV2_Descriptor* descriptor)
{
    const ub_shape* shape = ub_shapes;
    while (strcmp(shape->uri, descriptor->URI)) {
        ++shape;
    }
    return shape;
}

/// A deck with the bundle's model, or without any if that cannot be had.
static bool open_deck(plugin* self)
{
    char err[512] = "";
    char line[640];
    self->engine = ub_engine_shared("auto", err, sizeof(err));
    self->config.engine = self->engine;
    self->deck = self->engine ? ub_deck_new(&self->config, "", err, sizeof(err)) : NULL;
    if (!self->deck) {
        snprintf(line, sizeof(line), "%s; the mix is passed on as it is", err);
        ub_host_say(&self->host, line);
        self->deck = ub_deck_new_dry(&self->config, err, sizeof(err));
    }
    if (!self->deck) {
        ub_host_say(&self->host, err);
    }
    return self->deck;
}

static LV2_Handle instantiate(const LV2_Descriptor* descriptor, double rate, const char* bundle,
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
    self->config = (ub_deck_config){.bundle = self->bundle,
                                    .rate = rate,
                                    .channels = self->shape->ins,
                                    .outputs = self->shape->outs / self->shape->ins,
                                    .block = ub_host_block(&host, features)};
    if (!open_deck(self)) {
        cleanup(self);
        return NULL;
    }
    // Without a map of URIs there are no messages and no state, and so no other model
    if (host.map && self->engine) {
        ub_patch_init(&self->patch, host.map);
        self->loader.config = self->config;
        self->loader.say = say;
        self->loader.host = &self->host;
        ub_loader_start(&self->loader);
    }
    return self;
}

static void connect_port(LV2_Handle instance, uint32_t port, void* data)
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

static void activate(LV2_Handle instance)
{
    plugin* const self = (plugin*)instance;
    // Nothing plays, so a model that has come takes over at once
    ub_deck* const next = self->next || !self->loader.running ? self->next
                                                              : ub_loader_take(&self->loader);
    if (next) {
        ub_deck_free(self->deck);
        self->deck = next;
        self->next = NULL;
        self->announce = true;
    }
    ub_deck_reset(self->deck);
    self->pace = (ub_pace){.rate = self->pace.rate};
}

/// Whether the host can be kept waiting: as it says so, or is far ahead of real time.
static bool can_wait(plugin* self, uint32_t n)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const bool ahead = ub_pace_ahead(&self->pace, n, (double)t.tv_sec + 1e-9 * (double)t.tv_nsec);
    return ahead || ub_control_get(&self->controls, UB_FREEWHEEL) > 0.0f;
}

static void play(const plugin* self, ub_deck* deck, bool wait)
{
    ub_wish wish[UB_MAX_OUTPUTS];
    for (uint32_t o = 0; o < self->config.outputs; ++o) {
        wish[o] = ub_controls_wish(&self->controls, self->shape->selector, o);
    }
    ub_separator_set_freewheel(ub_deck_separator(deck), wait);
    ub_deck_play(deck, (ub_response)ub_control_get(&self->controls, UB_RESPONSE), wish);
}

/// Take in what the host asks for, and a model that has come.  Whoever freewheels hears
/// a model from where it was set on, however long it takes to load.
static void take_orders(plugin* self, bool wait)
{
    if (!self->loader.running) {
        return;
    }
    if (self->messages) {
        const ub_request request = ub_patch_read(&self->patch, self->messages);
        self->announce = self->announce || request.get;
        if (request.path && !ub_loader_ask(&self->loader, request.path)) {
            self->announce = true; // still busy with another: that one plays
        }
    }
    const struct timespec pause = {0, 1000000};
    while (wait && ub_loader_busy(&self->loader)) {
        nanosleep(&pause, NULL);
    }
    self->announce = ub_loader_failed(&self->loader) || self->announce;
    if (!self->next) {
        self->next = ub_loader_take(&self->loader);
        self->age = 0;
    }
}

/// Run a deck on the samples at an offset in the ports' buffers.
static void run_deck(plugin* self, ub_deck* deck, float* const* out, uint32_t offset, uint32_t n)
{
    const float* in[UB_MAX_INS];
    for (uint32_t c = 0; c < self->shape->ins; ++c) {
        const float* const port = self->in[c];
        in[c] = port ? port + offset : self->silence;
    }
    ub_separator_run(ub_deck_separator(deck), in, out, n);
}

/// Fade from the old deck's sound to the next one's once that has come through, and then
/// let the old one go.
static void fade(plugin* self, float* const* out, uint32_t n)
{
    const uint32_t start = ub_separator_latency(ub_deck_separator(self->next));
    const double length = FADE * self->config.rate;
    for (uint32_t i = 0; i < n; ++i) {
        const double at = ((double)self->age + i - start) / length;
        const float part = (float)fmin(fmax(at, 0.0), 1.0);
        for (uint32_t c = 0; c < self->shape->outs; ++c) {
            out[c][i] += part * (self->coming[c][i] - out[c][i]);
        }
    }
    self->age += n;
    if (self->age >= start + length) {
        ub_loader_put_away(&self->loader, self->deck);
        self->deck = self->next;
        self->next = NULL;
        self->announce = true;
    }
}

/// Run n samples, at most PIECE, that lie at an offset in the ports' buffers.
static void run_piece(plugin* self, uint32_t offset, uint32_t n)
{
    float* out[UB_MAX_OUTS];
    float* coming[UB_MAX_OUTS];
    for (uint32_t c = 0; c < self->shape->outs; ++c) {
        out[c] = self->out[c] ? self->out[c] + offset : self->scratch[c];
        coming[c] = self->coming[c];
    }
    if (self->next) { // first, as the outputs may be the inputs
        run_deck(self, self->next, coming, offset, n);
    }
    run_deck(self, self->deck, out, offset, n);
    if (self->next) {
        fade(self, out, n);
    }
}

static void report(plugin* self)
{
    const ub_separator* const separator = ub_deck_separator(self->deck);
    ub_control_put(&self->controls, UB_LATENCY, (float)ub_separator_latency(separator));
    ub_control_put(&self->controls, UB_LATE, (float)ub_separator_late_frames(separator));
    ub_control_put(&self->controls, UB_STATUS, find_status(self));
    ub_control_put(&self->controls, UB_LOAD, self->engine ? 100.0f * ub_engine_load(self->engine) : 0.0f);
    if (self->notes && self->loader.running) {
        ub_patch_write(&self->patch, self->notes, self->announce ? self->deck->path : NULL);
        self->announce = false;
    }
}

static void run(LV2_Handle instance, uint32_t n)
{
    plugin* const self = (plugin*)instance;
    const bool wait = can_wait(self, n);
    take_orders(self, wait);
    play(self, self->deck, wait);
    if (self->next) {
        play(self, self->next, wait);
    }
    for (uint32_t done = 0; done < n;) {
        const uint32_t piece = n - done < PIECE ? n - done : PIECE;
        run_piece(self, done, piece);
        done += piece;
    }
    report(self);
}

static LV2_State_Status save(LV2_Handle instance, LV2_State_Store_Function store,
                             LV2_State_Handle handle, uint32_t flags,
                             const LV2_Feature* const* features)
{
    (void)flags;
    plugin* const self = (plugin*)instance;
    return self->loader.running
               ? ub_state_save(&self->loader, &self->patch, store, handle, features)
               : LV2_STATE_SUCCESS;
}

static LV2_State_Status restore(LV2_Handle instance, LV2_State_Retrieve_Function retrieve,
                                LV2_State_Handle handle, uint32_t flags,
                                const LV2_Feature* const* features)
{
    (void)flags;
    plugin* const self = (plugin*)instance;
    return self->loader.running
               ? ub_state_restore(&self->loader, &self->patch, retrieve, handle, features)
               : LV2_STATE_ERR_NO_FEATURE;
}

static const void* extension_data(const char* uri)
{
    static const LV2_State_Interface state = {save, restore};
    return strcmp(uri, LV2_STATE__interface) ? NULL : &state;
}

static const LV2_Descriptor descriptors[UB_SHAPES] = {
    {UB_URI_STEREO, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
    {UB_URI_MONO, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
    {UB_URI_STEMS, instantiate, connect_port, activate, run, NULL, cleanup, extension_data},
};

LV2_SYMBOL_EXPORT const LV2_Descriptor* lv2_descriptor(uint32_t index)
{
    return index < UB_SHAPES ? &descriptors[index] : NULL;
}
