// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   A small LV2 host: a sound file through a plugin.  For tests and the demo.
*/

#include "dsp/clock.h"
#include "tests/host/rig.h"

#include <sndfile.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BLOCK     8192
#define MAX_EVENTS    256
#define MAX_SIZES     16
#define MAX_INSTANCES 16

static const char usage[] =
    "usage: host [options] IN OUT.wav\n"
    "  -u URI             plugin (urn:unbraid:stereo)\n"
    "  -b N[,N...]        block sizes, used in turn (1024)\n"
    "  -s SYMBOL[@T]=V    set a control port, at sample T; repeatable\n"
    "  -a                 align: leave the latency out, as long as the input\n"
    "  -i                 in place: outputs in the inputs' buffers\n"
    "  -o                 all audio ports on one buffer\n"
    "  -n N               run N instances side by side and write the last one's output\n"
    "The host freewheels unless told otherwise by -s freewheel=0.  OUT is 32-bit float.\n";

typedef struct {
    char symbol[32];
    int64_t at; // Sample before which it is set
    float value;
} event;

typedef struct {
    const char* uri;
    uint32_t size[MAX_SIZES]; // Block sizes
    uint32_t sizes;
    event events[MAX_EVENTS]; // In order of time
    uint32_t event_count;
    bool align;
    bool in_place;
    bool one_buffer;
    uint32_t instances;
    const char* in;
    const char* out;
} options;

typedef struct {
    const options* opt;
    SNDFILE* in;
    SNDFILE* out;
    SF_INFO info; // Of the input
    ub_rig rig[MAX_INSTANCES];
    int64_t at;      // Samples run
    int64_t written; // Samples written
    float interleaved[MAX_BLOCK * UB_RIG_CHANNELS];
    float input[UB_RIG_CHANNELS][MAX_BLOCK];
    float output[UB_RIG_CHANNELS][MAX_BLOCK];
} session;

static void
fail(const char* what, const char* why)
{
    fprintf(stderr, "host: %s: %s\n", what, why);
    exit(1);
}

static void
add_event(options* opt, const char* text)
{
    event e = {"", 0, 0.0f};
    double value = 0.0;
    if (sscanf(text, "%31[a-z_]@%ld=%lf", e.symbol, &e.at, &value) != 3) {
        e.at = 0;
        if (sscanf(text, "%31[a-z_]=%lf", e.symbol, &value) != 2) {
            fail(text, "expected SYMBOL=VALUE or SYMBOL@SAMPLE=VALUE");
        }
    }
    if (opt->event_count == MAX_EVENTS) {
        fail(text, "too many settings");
    }
    e.value = (float)value;
    uint32_t i = opt->event_count++;
    for (; i && opt->events[i - 1].at > e.at; --i) {
        opt->events[i] = opt->events[i - 1];
    }
    opt->events[i] = e;
}

static void
set_sizes(options* opt, const char* text)
{
    opt->sizes = 0;
    for (char* end; *text && opt->sizes < MAX_SIZES; text = *end ? end + 1 : end) {
        const long size = strtol(text, &end, 10);
        if (end == text || size < 1 || size > MAX_BLOCK) {
            fail(text, "expected block sizes from 1 to 8192");
        }
        opt->size[opt->sizes++] = (uint32_t)size;
    }
}

static void
parse(options* opt, int argc, char** argv)
{
    for (int c; (c = getopt(argc, argv, "u:b:s:aion:")) >= 0;) {
        switch (c) {
        case 'u':
            opt->uri = optarg;
            break;
        case 'b':
            set_sizes(opt, optarg);
            break;
        case 's':
            add_event(opt, optarg);
            break;
        case 'a':
            opt->align = true;
            break;
        case 'i':
            opt->in_place = true;
            break;
        case 'o':
            opt->one_buffer = true;
            break;
        case 'n':
            opt->instances = (uint32_t)atoi(optarg);
            break;
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    if (argc - optind != 2 || opt->instances < 1 || opt->instances > MAX_INSTANCES) {
        fputs(usage, stderr);
        exit(2);
    }
    opt->in = argv[optind];
    opt->out = argv[optind + 1];
}

static void
open_session(session* self)
{
    const options* const opt = self->opt;
    self->in = sf_open(opt->in, SFM_READ, &self->info);
    if (!self->in) {
        fail(opt->in, sf_strerror(NULL));
    }
    for (uint32_t k = 0; k < opt->instances; ++k) {
        if (!ub_rig_open(&self->rig[k], opt->uri, self->info.samplerate)) {
            exit(1);
        }
        *ub_rig_control(&self->rig[k], "freewheel") = 1.0f;
    }
    if ((uint32_t)self->info.channels != self->rig[0].ins) {
        fail(opt->in, "not as many channels as the plugin has inputs");
    }
    SF_INFO out = {
        0, self->info.samplerate, (int)self->rig[0].outs, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 0, 0};
    self->out = sf_open(opt->out, SFM_WRITE, &out);
    if (!self->out) {
        fail(opt->out, sf_strerror(NULL));
    }
    // The same samples give the same file: no time stamp
    sf_command(self->out, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE);
}

/// Samples that may be run before the next event, after those due now are set.
static uint32_t
apply_events(session* self, uint32_t n)
{
    const options* const opt = self->opt;
    for (uint32_t i = 0; i < opt->event_count; ++i) {
        const event* const e = &opt->events[i];
        if (e->at == self->at) {
            for (uint32_t k = 0; k < opt->instances; ++k) {
                *ub_rig_control(&self->rig[k], e->symbol) = e->value;
            }
        } else if (e->at > self->at && e->at - self->at < n) {
            n = (uint32_t)(e->at - self->at);
        }
    }
    return n;
}

static void
run_instance(session* self, ub_rig* rig, uint32_t n)
{
    float input[UB_RIG_CHANNELS][MAX_BLOCK];
    float* in[UB_RIG_CHANNELS];
    float* out[UB_RIG_CHANNELS];
    for (uint32_t c = 0; c < rig->ins; ++c) {
        in[c] = memcpy(input[self->opt->one_buffer ? 0 : c], self->input[c], n * sizeof(float));
    }
    for (uint32_t c = 0; c < rig->outs; ++c) {
        out[c] = self->opt->one_buffer ? input[0] : self->output[c];
        if (self->opt->in_place && c < rig->ins) {
            out[c] = in[c];
        }
    }
    ub_rig_run(rig, in, out, n);
    for (uint32_t c = 0; c < rig->outs; ++c) {
        memmove(self->output[c], out[c], n * sizeof(float));
    }
}

/// Write what lies after the latency, up to the input's length.
static void
write_output(session* self, uint32_t n)
{
    ub_rig* const last = &self->rig[self->opt->instances - 1];
    const int64_t latency = self->opt->align ? (int64_t)*ub_rig_control(last, "latency") : 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; ++i) {
        const int64_t t = self->at + i - latency;
        for (uint32_t c = 0; t >= 0 && t < self->info.frames && c < last->outs; ++c) {
            self->interleaved[count++] = self->output[c][i];
        }
    }
    if (sf_write_float(self->out, self->interleaved, count) != count) {
        fail(self->opt->out, sf_strerror(self->out));
    }
    self->written += count / last->outs;
}

static void
run_session(session* self)
{
    const uint32_t channels = (uint32_t)self->info.channels;
    for (uint32_t b = 0; self->written < self->info.frames; ++b) {
        const uint32_t n = apply_events(self, self->opt->size[b % self->opt->sizes]);
        memset(self->interleaved, 0, n * channels * sizeof(float));
        sf_readf_float(self->in, self->interleaved, n); // Zeros after the end
        for (uint32_t i = 0; i < n * channels; ++i) {
            self->input[i % channels][i / channels] = self->interleaved[i];
        }
        for (uint32_t k = 0; k < self->opt->instances; ++k) {
            run_instance(self, &self->rig[k], n);
        }
        write_output(self, n);
        self->at += n;
    }
}

int
main(int argc, char** argv)
{
    options opt = {.uri = "urn:unbraid:stereo", .size = {1024}, .sizes = 1, .instances = 1};
    parse(&opt, argc, argv);
    session* const self = (session*)calloc(1, sizeof(session));
    if (!self) {
        fail(opt.in, "out of memory");
    }
    self->opt = &opt;
    open_session(self);
    const double start = ub_now();
    run_session(self);
    const double spent = ub_now() - start;
    sf_close(self->in);
    if (sf_close(self->out)) {
        fail(opt.out, "could not be written");
    }
    for (uint32_t k = 0; k < opt.instances; ++k) {
        ub_rig* const rig = &self->rig[k];
        printf("latency %.0f late %.0f status %.0f speed %.2f\n", *ub_rig_control(rig, "latency"),
               *ub_rig_control(rig, "late_frames"), *ub_rig_control(rig, "status"),
               (double)self->at / self->info.samplerate / spent);
        ub_rig_close(rig);
    }
    free(self);
    return 0;
}
