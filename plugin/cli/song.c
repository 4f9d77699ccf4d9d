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

#define BLOCK   4096
#define STREAMS 2 // 8 sources in sets of UB_MAX_OUTPUTS

/** A stream and its share of the work. */
typedef struct {
    ub_stream* stream;
    unsigned first; ///< First of the outputs it makes
    unsigned count; ///< How many
} strand;

typedef struct {
    const ub_song_config* config;
    ub_input input;
    ub_output output[UB_NET_SOURCES];
    strand strands[STREAMS];
    unsigned n_strands;
    unsigned channels; ///< The file's
    int64_t skip;      ///< Frames of latency still to be dropped
    int64_t written;
    float frames[BLOCK * 2];               ///< [BLOCK][channels]
    float in[2][BLOCK];                    ///< [channels][BLOCK]
    float out[UB_MAX_OUTPUTS * 2][BLOCK];  ///< [outputs * channels][BLOCK]
    float stem[UB_NET_SOURCES][BLOCK * 2]; ///< [sources][BLOCK][channels]
} song;

static bool
add_strand(song* self, unsigned first, char* err, size_t err_size)
{
    const ub_song_config* config = self->config;
    const unsigned left = config->sources - first;
    strand* s = &self->strands[self->n_strands];
    *s = (strand){.first = first, .count = left < UB_MAX_OUTPUTS ? left : UB_MAX_OUTPUTS};
    const ub_stream_config stream = {.opened = config->model,
                                     .rate = self->input.sound.rate,
                                     .channels = self->channels,
                                     .outputs = s->count,
                                     .engine = config->engine};
    char why[1024];
    s->stream = ub_stream_new(&stream, why, sizeof(why));
    if (!s->stream) {
        return ub_error(err, err_size, "%s: %s", self->input.path, why);
    }
    ++self->n_strands;
    ub_separator_select(ub_stream_separator(s->stream), UB_STUDIO);
    ub_separator_set_freewheel(ub_stream_separator(s->stream), true);
    for (unsigned i = 0; i < s->count; ++i) {
        ub_play play = {.remove = config->remove, .amount = 1.0f, .gain = 1.0f};
        play.source[config->source[first + i]] = 1.0f;
        ub_stream_play(s->stream, i, &play);
    }
    return true;
}

/// Enough streams for all sources
static bool
add_strands(song* self, char* err, size_t err_size)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < self->config->sources; i += UB_MAX_OUTPUTS) {
        ok = add_strand(self, i, err, err_size);
    }
    if (ok) {
        self->skip = ub_separator_latency(ub_stream_separator(self->strands[0].stream));
    }
    return ok;
}

static bool
open_all(song* self, const char* input, char* const* outputs, char* err, size_t err_size)
{
    bool ok = ub_input_open(&self->input, input, err, err_size);
    if (ok) {
        self->channels = (unsigned)self->input.sound.channels;
        ok = add_strands(self, err, err_size);
    }
    for (unsigned i = 0; ok && i < self->config->sources; ++i) {
        ok = ub_output_open(&self->output[i], outputs[i], self->config->format, &self->input.sound,
                            err, err_size);
    }
    return ok;
}

static void
run_strand(song* self, const strand* s, uint32_t n)
{
    const unsigned channels = self->channels;
    const float* in[2] = {self->in[0], self->in[1]};
    float* out[UB_MAX_OUTPUTS * 2];
    for (unsigned i = 0; i < s->count * channels; ++i) {
        out[i] = self->out[i];
    }
    ub_separator_run(ub_stream_separator(s->stream), in, out, n);
    for (unsigned i = 0; i < s->count; ++i) {
        float* stem = self->stem[s->first + i];
        for (uint32_t t = 0; t < n; ++t) {
            for (unsigned c = 0; c < channels; ++c) {
                stem[t * channels + c] = out[i * channels + c][t];
            }
        }
    }
}

/// Run n frames through all streams and write what is no longer latency, but no
/// more than was read
static bool
process(song* self, uint32_t n, char* err, size_t err_size)
{
    for (uint32_t t = 0; t < n; ++t) {
        for (unsigned c = 0; c < self->channels; ++c) {
            self->in[c][t] = self->frames[t * self->channels + c];
        }
    }
    for (unsigned i = 0; i < self->n_strands; ++i) {
        run_strand(self, &self->strands[i], n);
    }
    const int64_t skip = self->skip < n ? self->skip : n;
    const int64_t left = self->input.read - self->written;
    const int64_t count = n - skip < left ? n - skip : left;
    self->skip -= skip;
    self->written += count;
    bool ok = true;
    for (unsigned i = 0; ok && count && i < self->config->sources; ++i) {
        ok = ub_output_write(&self->output[i], self->stem[i] + skip * self->channels, count, err,
                             err_size);
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
    memset(self->frames, 0, sizeof(self->frames));
    while (self->written < self->input.read) {
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
    for (unsigned i = 0; i < self->config->sources; ++i) {
        char why[1024];
        if (!ub_output_close(&self->output[i], why, sizeof(why)) && ok) {
            ok = ub_error(err, err_size, "%s", why);
        }
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
    for (unsigned i = 0; i < self->config->sources; ++i) {
        report->clipped += self->output[i].clipped;
    }
    for (unsigned i = 0; i < self->n_strands; ++i) {
        const ub_separator* separator = ub_stream_separator(self->strands[i].stream);
        report->latency = ub_separator_latency(separator);
        report->late += ub_separator_late_frames(separator);
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
    for (unsigned i = 0; i < self->n_strands; ++i) {
        ub_stream_free(self->strands[i].stream);
    }
    free(self);
    return ok;
}
