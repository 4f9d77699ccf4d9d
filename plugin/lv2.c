// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   The LV2 plugins: ports and settings around a stream.
*/

#include "plugin/lv2_pace.h"
#include "plugin/ports.h"
#include "plugin/stream.h"

#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/log/logger.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CHANNELS 2 ///< Of the separator
#define PIECE 1024 ///< Samples run at once, so that scratch buffers have a size

/** What an output was last told to play */
typedef struct {
    int source;
    bool remove;
    float amount;
    float gain;
} play;

typedef struct {
    const ub_shape* shape;
    ub_engine* engine; // Shared; NULL if there is none
    ub_stream* stream;
    uint32_t outputs;           // Pairs of channels that the stream has
    int source[UB_INSTRUMENTS]; // Index into the model's sources, -1 if it has none such
    float status;
    ub_response response;
    ub_pace pace;
    bool told; // Whether played holds what the separator does
    play played[UB_MAX_OUTPUTS]; // By output
    const float* in[UB_MAX_INS];
    float* out[UB_MAX_OUTS];
    float* control[UB_CONTROLS];
    float silence[PIECE];           // For inputs that are not connected
    float scratch[CHANNELS][PIECE]; // For outputs that are not, and to mix down to mono
} plugin;

static void match_sources(plugin* self)
{
    const ub_model* const model = ub_stream_model(self->stream);
    for (int i = 0; i < UB_INSTRUMENTS; ++i) {
        self->source[i] = -1;
        for (uint32_t s = 0; model && s < model->net.sources; ++s) {
            if (!strcasecmp(ub_instrument[i], model->net.source[s])) {
                self->source[i] = (int)s;
            }
        }
    }
}

static float find_status(const plugin* self)
{
    int status = 0;
    if (ub_stream_model(self->stream)) {
        const char* const name = ub_engine_backend(self->engine)->name;
        for (status = 1; status < UB_STATUSES; ++status) {
            if (!strcmp(name, ub_status_backend[status])) {
                break;
            }
        }
    }
    return (float)status;
}

static ub_stream* open_stream(plugin* self, const char* bundle, double rate, char* err,
                              size_t err_size)
{
    self->engine = ub_engine_shared(err, err_size);
    if (!self->engine) {
        return NULL;
    }

    char path[4096];
    const size_t length = strlen(bundle);
    const char* const slash = length && bundle[length - 1] == '/' ? "" : "/";
    snprintf(path, sizeof(path), "%s%sdefault.safetensors", bundle, slash);
    const ub_stream_config config = {path, rate, self->outputs, self->engine};
    ub_stream* const stream = ub_stream_new(&config, err, err_size);
    if (stream && ub_stream_model(stream)->net.channels != CHANNELS) {
        snprintf(err, err_size, "default.safetensors: a model for %u channel (expected %d)",
                 (unsigned)ub_stream_model(stream)->net.channels, CHANNELS);
        ub_stream_free(stream);
        return NULL;
    }
    return stream;
}

static void cleanup(LV2_Handle instance)
{
    plugin* const self = (plugin*)instance;
    ub_stream_free(self->stream);
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

static LV2_Handle instantiate(const LV2_Descriptor* descriptor, double rate, const char* bundle,
                              const LV2_Feature* const* features)
{
    // A host that cannot map message types gets messages on standard error
    LV2_URID_Map* const map = (LV2_URID_Map*)lv2_features_data(features, LV2_URID__map);
    LV2_Log_Log* const log = (LV2_Log_Log*)lv2_features_data(features, LV2_LOG__log);
    LV2_Log_Logger logger;
    lv2_log_logger_init(&logger, map, map ? log : NULL);

    char err[512] = "";
    if (!(rate >= 8000.0 && rate <= 192000.0)) {
        lv2_log_error(&logger, "unbraid: %g Hz: sample rate not supported "
                               "(expected 8000 to 192000)\n", rate);
        return NULL;
    }
    plugin* const self = (plugin*)calloc(1, sizeof(plugin));
    if (!self) {
        lv2_log_error(&logger, "unbraid: out of memory\n");
        return NULL;
    }
    self->shape = find_shape(descriptor);
    self->outputs = self->shape->outs / self->shape->ins;
    self->pace.rate = rate;
    self->stream = open_stream(self, bundle, rate, err, sizeof(err));
    if (!self->stream) {
        lv2_log_error(&logger, "unbraid: %s; the mix is passed on as it is\n", err);
        self->stream = ub_stream_new_dry(rate, self->outputs, err, sizeof(err));
    }
    if (!self->stream) {
        lv2_log_error(&logger, "unbraid: %s\n", err);
        cleanup(self);
        return NULL;
    }
    match_sources(self);
    self->status = find_status(self);
    return self;
}

static void connect_port(LV2_Handle instance, uint32_t port, void* data)
{
    plugin* const self = (plugin*)instance;
    const ub_shape* const shape = self->shape;
    const uint32_t controls = shape->ins + shape->outs;
    if (port < shape->ins) {
        self->in[port] = (const float*)data;
    } else if (port < controls) {
        self->out[port - shape->ins] = (float*)data;
    } else if (port - controls + shape->first < UB_CONTROLS) {
        self->control[port - controls + shape->first] = (float*)data;
    }
}

static void activate(LV2_Handle instance)
{
    plugin* const self = (plugin*)instance;
    ub_separator_reset(ub_stream_separator(self->stream));
    self->told = false;
    self->pace = (ub_pace){.rate = self->pace.rate};
}

/// A control's value: in range, finite, and whole where it should be.
static float get(const plugin* self, ub_control control)
{
    const ub_control_spec* const spec = &ub_control_specs[control];
    const float* const port = self->control[control];
    float value = port && isfinite(*port) ? *port : spec->def;
    if (spec->whole) {
        // Hosts ramp automation through the values between, even of enumerations
        value = rintf(value);
    }
    return fminf(fmaxf(value, spec->min), spec->max);
}

static void put(const plugin* self, ub_control control, float value)
{
    if (self->control[control]) {
        *self->control[control] = fminf(value, ub_control_specs[control].max);
    }
}

/// What the ports ask an output to play.
static play wanted(const plugin* self, uint32_t output)
{
    const bool enabled = get(self, UB_ENABLED) > 0.0f;
    const float gain = enabled ? powf(10.0f, get(self, UB_GAIN) / 20.0f) : 1.0f;
    if (!enabled || !ub_stream_model(self->stream)) {
        // Of many outputs the first alone has the mix, so that their sum is the mix
        return (play){0, false, output ? 1.0f : 0.0f, output ? 0.0f : gain};
    }
    const bool selector = self->shape->first == UB_SOURCE;
    const uint32_t instrument = selector ? (uint32_t)get(self, UB_SOURCE) : output;
    return (play){self->source[instrument], get(self, UB_MODE) > 0.0f, get(self, UB_AMOUNT), gain};
}

/// Whether the host can be kept waiting: as it says so, or is far ahead of real time.
static bool can_wait(plugin* self, uint32_t n)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const bool ahead = ub_pace_ahead(&self->pace, n, (double)t.tv_sec + 1e-9 * (double)t.tv_nsec);
    return ahead || get(self, UB_FREEWHEEL) > 0.0f;
}

static void apply_settings(plugin* self, ub_separator* separator)
{
    const ub_response response = (ub_response)get(self, UB_RESPONSE);
    if (response != self->response) {
        ub_separator_select(separator, response);
        self->response = response;
        self->told = false;
    }
    for (uint32_t o = 0; o < self->outputs; ++o) {
        const play now = wanted(self, o);
        const play* const was = &self->played[o];
        if (!self->told || now.source != was->source || now.remove != was->remove ||
            now.amount != was->amount || now.gain != was->gain) {
            ub_stream_play(self->stream, o, now.source, now.remove, now.amount, now.gain);
            self->played[o] = now;
        }
    }
    self->told = true;
}

/// Run n samples, at most PIECE, that lie at an offset in the ports' buffers.
static void run_piece(plugin* self, ub_separator* separator, uint32_t offset, uint32_t n)
{
    const ub_shape* const shape = self->shape;
    const bool mono = shape->ins == 1;
    const float* in[CHANNELS];
    float* out[UB_MAX_OUTPUTS * CHANNELS];
    for (uint32_t c = 0; c < CHANNELS; ++c) {
        const float* const port = self->in[mono ? 0 : c];
        in[c] = port ? port + offset : self->silence;
    }
    for (uint32_t c = 0; c < self->outputs * CHANNELS; ++c) {
        float* const port = mono ? NULL : self->out[c];
        out[c] = port ? port + offset : self->scratch[c % CHANNELS];
    }
    ub_separator_run(separator, in, out, n);
    for (uint32_t i = 0; mono && self->out[0] && i < n; ++i) {
        self->out[0][offset + i] = 0.5f * (self->scratch[0][i] + self->scratch[1][i]);
    }
}

static void run(LV2_Handle instance, uint32_t n)
{
    plugin* const self = (plugin*)instance;
    ub_separator* const separator = ub_stream_separator(self->stream);
    ub_separator_set_freewheel(separator, can_wait(self, n));
    apply_settings(self, separator);
    for (uint32_t done = 0; done < n;) {
        const uint32_t piece = n - done < PIECE ? n - done : PIECE;
        run_piece(self, separator, done, piece);
        done += piece;
    }
    put(self, UB_LATENCY, (float)ub_separator_latency(separator));
    put(self, UB_LATE, (float)ub_separator_late_frames(separator));
    put(self, UB_STATUS, ub_stream_healthy(self->stream) ? self->status : UB_STATUS_FAILING);
}

static const LV2_Descriptor descriptors[UB_SHAPES] = {
    {UB_URI_STEREO, instantiate, connect_port, activate, run, NULL, cleanup, NULL},
    {UB_URI_MONO, instantiate, connect_port, activate, run, NULL, cleanup, NULL},
    {UB_URI_STEMS, instantiate, connect_port, activate, run, NULL, cleanup, NULL},
};

LV2_SYMBOL_EXPORT const LV2_Descriptor* lv2_descriptor(uint32_t index)
{
    return index < UB_SHAPES ? &descriptors[index] : NULL;
}
