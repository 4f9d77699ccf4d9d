// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/song.h"

#include "dsp/clock.h"
#include "model/file/error.h"
#include "plugin/cli/aside.h"
#include "plugin/cli/input.h"
#include "plugin/cli/progress.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 4096

typedef struct {
    const ub_song_config* config;
    ub_input input;
    ub_output output[UB_MAX_PARTS];
    ub_stream* stream;
    unsigned channels; ///< The file's
    int64_t skip;      ///< Frames of latency still to be dropped
    int64_t written;
    float frames[BLOCK * 2];            ///< [BLOCK][channels]
    float in[2][BLOCK];                 ///< [channels][BLOCK]
    float out[UB_MAX_PARTS * 2][BLOCK]; ///< [parts * channels][BLOCK]
} song;

/// Sources whose masks are needed, a bit each
static uint32_t
needed(const ub_song_config* config)
{
    uint32_t sources = config->sum ? (1u << config->model->net.sources) - 1 : 0;
    for (unsigned i = 0; i < config->parts->n; ++i) {
        sources |= config->parts->at[i].sources;
    }
    return sources;
}

/// A slot for each source, and a row of them for each part
static void
set_rows(song* self, uint32_t sources)
{
    const ub_parts* parts = self->config->parts;
    unsigned slot = 0;
    ub_row rows[UB_MAX_PARTS];
    memset(rows, 0, sizeof(rows));
    for (unsigned s = 0; sources >> s; ++s) {
        float source[UB_MAX_SOURCES] = {0};
        source[s] = 1.0f;
        if (sources & 1u << s) {
            ub_stream_ask(self->stream, slot, source);
            for (unsigned i = 0; i < parts->n; ++i) {
                const float sign = parts->at[i].rest ? -1.0f : 1.0f;
                rows[i].slot[slot] = parts->at[i].sources & 1u << s ? sign : 0.0f;
            }
            ++slot;
        }
    }
    for (unsigned i = 0; i < parts->n; ++i) {
        rows[i].dry = parts->at[i].rest ? 1.0f : 0.0f;
        ub_stream_mix(self->stream, i, &rows[i]);
    }
}

static bool
open_stream(song* self, char* err, size_t err_size)
{
    const ub_song_config* config = self->config;
    const uint32_t sources = needed(config);
    const ub_shaping shape = {.strength = 1.0f, .consistency = config->sum ? 1.0f : 0.0f};
    const ub_stream_config stream = {.opened = config->model,
                                     .rate = self->input.sound.rate,
                                     .channels = self->channels,
                                     .outputs = config->parts->n,
                                     .slots = (uint32_t)__builtin_popcount(sources),
                                     .waits = true,
                                     .engine = config->engine};
    char why[1024];
    self->stream = ub_stream_new(&stream, why, sizeof(why));
    if (!self->stream) {
        return ub_error(err, err_size, "%s: %s", self->input.path, why);
    }
    ub_separator* separator = ub_stream_separator(self->stream);
    ub_separator_select(separator, UB_STUDIO);
    ub_separator_set_freewheel(separator, true);
    ub_stream_shape(self->stream, &shape);
    set_rows(self, sources);
    self->skip = ub_separator_latency(separator);
    return true;
}

static bool
open_all(song* self, const char* input, char* const* outputs, char* err, size_t err_size)
{
    bool ok = ub_input_open(&self->input, input, err, err_size);
    if (ok) {
        self->channels = (unsigned)self->input.sound.channels;
        ok = open_stream(self, err, err_size);
    }
    for (unsigned i = 0; ok && i < self->config->parts->n; ++i) {
        ok =
            ub_output_open(&self->output[i], outputs[i], &self->config->encoding,
                           &self->input.sound, ub_decoder_tags(self->input.decoder), err, err_size);
    }
    return ok;
}

static bool
write_part(song* self, unsigned part, int64_t first, int64_t count, char* err, size_t err_size)
{
    const unsigned channels = self->channels;
    for (unsigned c = 0; c < channels; ++c) {
        const float* out = self->out[part * channels + c] + first;
        for (int64_t t = 0; t < count; ++t) {
            self->frames[t * channels + c] = out[t];
        }
    }
    return ub_output_write(&self->output[part], self->frames, count, err, err_size);
}

/// Run n frames of `frames` through the stream and write what is no longer latency, but no
/// more than was read
static bool
process(song* self, uint32_t n, char* err, size_t err_size)
{
    const float* in[2] = {self->in[0], self->in[1]};
    float* out[UB_MAX_PARTS * 2];
    for (unsigned c = 0; c < self->channels; ++c) {
        for (uint32_t t = 0; t < n; ++t) {
            self->in[c][t] = self->frames[t * self->channels + c];
        }
    }
    for (unsigned i = 0; i < UB_MAX_PARTS * 2; ++i) {
        out[i] = self->out[i];
    }
    ub_separator_run(ub_stream_separator(self->stream), in, out, n);
    const int64_t skip = self->skip < n ? self->skip : n;
    const int64_t left = self->input.read - self->written;
    const int64_t count = n - skip < left ? n - skip : left;
    self->skip -= skip;
    self->written += count;
    bool ok = true;
    for (unsigned i = 0; ok && count && i < self->config->parts->n; ++i) {
        ok = write_part(self, i, skip, count, err, err_size);
    }
    return ok;
}

/// Of the file; what is still on its way through the separator is not done
static double
part_done(const song* self)
{
    return ub_decoder_part(self->input.decoder) * (double)self->written / (double)self->input.read;
}

static bool
process_all(song* self, ub_progress* progress, char* err, size_t err_size)
{
    int64_t n = 0;
    while ((n = ub_input_read(&self->input, self->frames, BLOCK)) > 0) {
        if (!process(self, (uint32_t)n, err, err_size)) {
            return false;
        }
        ub_progress_update(progress, self->written, part_done(self));
    }
    while (self->written < self->input.read) {
        memset(self->frames, 0, sizeof(self->frames));
        const int64_t left = self->skip + self->input.read - self->written;
        if (!process(self, left < BLOCK ? (uint32_t)left : BLOCK, err, err_size)) {
            return false;
        }
        ub_progress_update(progress, self->written, part_done(self));
    }
    return self->input.read ||
           ub_error(err, err_size, "%s: holds no sound (expected at least one sample)",
                    self->input.path);
}

static bool
finish(song* self, bool ok, char* err, size_t err_size)
{
    const unsigned n = self->config->parts->n;
    for (unsigned i = 0; i < n; ++i) {
        char why[1024];
        if (!ub_output_close(&self->output[i], why, sizeof(why)) && ok) {
            ok = ub_error(err, err_size, "%s", why);
        }
    }
    for (unsigned i = 0; i < n; ++i) {
        ok = ub_output_send(&self->output[i], ok, err, err_size) && ok;
    }
    if (!ok) {
        ub_aside_drop();
        return false;
    }
    return ub_aside_commit(err, err_size);
}

static void
fill_report(const song* self, ub_song_report* report)
{
    report->sound = self->input.sound;
    report->frames = self->written;
    report->bad = self->input.bad;
    if (self->input.decoder) {
        report->loss = ub_input_loss(&self->input, report->lost, sizeof(report->lost));
    }
    for (unsigned i = 0; i < self->config->parts->n; ++i) {
        report->clipped += self->output[i].clipped;
    }
    if (self->stream) {
        const ub_separator* separator = ub_stream_separator(self->stream);
        report->latency = ub_separator_latency(separator);
        report->late = ub_separator_late_frames(separator);
    }
}

bool
ub_song(const ub_song_config* config, const char* input, char* const* outputs,
        ub_song_report* report, char* err, size_t err_size)
{
    song* self = calloc(1, sizeof(*self));
    if (!self) {
        return ub_error(err, err_size, "%s: out of memory", input);
    }
    *report = (ub_song_report){0};
    self->config = config;
    const double start = ub_now();
    bool ok = open_all(self, input, outputs, err, err_size);
    if (ok) {
        ub_progress progress;
        ub_progress_begin(&progress, input, self->input.sound.rate, config->progress);
        ok = process_all(self, &progress, err, err_size);
        ub_progress_end(&progress);
    }
    ok = finish(self, ok, err, err_size);
    fill_report(self, report);
    report->elapsed = ub_now() - start;
    ub_input_close(&self->input);
    ub_stream_free(self->stream);
    free(self);
    return ok;
}
