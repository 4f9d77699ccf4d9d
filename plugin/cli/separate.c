// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/cli.h"

#include "model/file/error.h"
#include "plugin/cli/model.h"
#include "plugin/cli/plan.h"
#include "plugin/cli/print.h"
#include "plugin/cli/song.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

typedef struct {
    const ub_cli_options* options;
    ub_song_config song;
    char** outputs; ///< Paths, [files][sources]
} batch;

static bool
find_source(const ub_network* net, const char* name, unsigned* found, char* err, size_t err_size)
{
    char names[UB_NET_SOURCES * (UB_NAME_SIZE + 2)] = "";
    for (unsigned i = 0; i < net->sources; ++i) {
        if (!strcasecmp(name, net->source[i])) {
            *found = i;
            return true;
        }
        strcat(strcat(names, i ? ", " : ""), net->source[i]);
    }
    return ub_error(err, err_size, "-s %s: no such source (expected one of %s)", name, names);
}

/// The sources asked for, each once, or all
static bool
choose_sources(batch* self, char* err, size_t err_size)
{
    const ub_cli_options* options = self->options;
    const ub_network* net = &self->song.model->net;
    const unsigned count = options->sources ? options->sources : net->sources;
    bool seen[UB_NET_SOURCES] = {false};
    for (unsigned i = 0; i < count; ++i) {
        unsigned s = i;
        if (options->sources && !find_source(net, options->source[i], &s, err, err_size)) {
            return false;
        }
        if (!seen[s]) {
            seen[s] = true;
            self->song.source[self->song.sources++] = s;
        }
    }
    return true;
}

static bool
plan(batch* self, char* err, size_t err_size)
{
    const ub_cli_options* options = self->options;
    const unsigned each = self->song.sources;
    const size_t files = (size_t)options->args;
    if (options->dir && mkdir(options->dir, 0777) && errno != EEXIST) {
        return ub_error(err, err_size, "-o %s: cannot be made (%s)", options->dir, strerror(errno));
    }
    self->outputs = calloc(files * each, sizeof(*self->outputs));
    bool ok = self->outputs;
    for (size_t i = 0; ok && i < files * each; ++i) {
        const char* source = self->song.model->net.source[self->song.source[i % each]];
        self->outputs[i] = ub_output_path(options->arg[i / each], options->dir, source,
                                          options->remove, options->format->suffix);
        ok = self->outputs[i];
    }
    if (!ok) {
        return ub_error(err, err_size, "out of memory");
    }
    return ub_plan_check(options->arg, files, self->outputs, each, err, err_size);
}

static json_t*
report_outputs(const batch* self, char* const* outputs)
{
    json_t* list = json_array();
    for (unsigned i = 0; i < self->song.sources; ++i) {
        const char* source = self->song.model->net.source[self->song.source[i]];
        json_array_append_new(list, json_pack("{so so}", "source", ub_json_text(source), "file",
                                              ub_json_text(outputs[i])));
    }
    return list;
}

static void
print_object(const batch* self, const char* input, char* const* outputs,
             const ub_song_report* report)
{
    const double rate = report->sound.rate;
    const double seconds = (double)report->frames / rate;
    ub_print_json(json_pack(
        "{so so sb si si sI so so so si so ss so ss sI sI sI sI sI}", "file", ub_json_text(input),
        "outputs", report_outputs(self, outputs), "remove", self->song.remove, "rate",
        report->sound.rate, "channels", report->sound.channels, "samples",
        (json_int_t)report->frames, "seconds", ub_json_real(seconds), "elapsed_seconds",
        ub_json_real(report->elapsed), "times_real_time", ub_json_real(seconds / report->elapsed),
        "latency_samples", (int)report->latency, "latency_seconds",
        ub_json_real(report->latency / rate), "response", "studio", "model",
        ub_json_text(self->song.model->path), "backend", ub_engine_backend(self->song.engine)->name,
        "late_frames", (json_int_t)report->late, "not_finite_samples", (json_int_t)report->bad,
        "clipped_samples", (json_int_t)report->clipped, "missing_samples",
        (json_int_t)report->loss.missing, "damaged_places", (json_int_t)report->loss.gaps));
}

static void
print_lines(const batch* self, const char* input, char* const* outputs,
            const ub_song_report* report)
{
    if (*report->lost) {
        ub_print_error("%s: %s", input, report->lost);
    }
    if (report->bad) {
        ub_print_error("%s: warning: %" PRIu64 " samples are not finite and were taken as 0", input,
                       report->bad);
    }
    if (report->clipped) {
        ub_print_error("%s: warning: %" PRIu64 " output samples were clipped (-f wav keeps them)",
                       input, report->clipped);
    }
    if (report->late) {
        ub_print_error("%s: warning: %" PRIu64 " frames had no mask of their own", input,
                       report->late);
    }
    for (unsigned i = 0; i < self->song.sources && !self->options->quiet; ++i) {
        if (!self->options->json) {
            puts(outputs[i]);
        }
    }
    fflush(stdout);
}

static bool
separate_file(const batch* self, size_t file)
{
    char err[UB_CLI_ERR] = "";
    const char* input = self->options->arg[file];
    char* const* outputs = self->outputs + file * self->song.sources;
    ub_song_report report;
    const bool ok = ub_song(&self->song, input, outputs, &report, err, sizeof(err));
    if (ok) {
        print_lines(self, input, outputs, &report);
    } else {
        ub_print_error("%s", err);
    }
    if (self->options->json && ok) {
        print_object(self, input, outputs, &report);
    } else if (self->options->json) {
        ub_print_json(
            json_pack("{so so}", "file", ub_json_text(input), "error", ub_json_text(err)));
    }
    return ok && !ub_is_loss(&report.loss);
}

static int
separate_files(batch* self)
{
    char err[UB_CLI_ERR] = "";
    int status = UB_CLI_OK;
    if (!choose_sources(self, err, sizeof(err)) || !plan(self, err, sizeof(err))) {
        ub_print_error("%s", err);
        return UB_CLI_USAGE;
    }
    for (int i = 0; i < self->options->args; ++i) {
        if (!separate_file(self, (size_t)i)) {
            status = UB_CLI_FAILED;
        }
    }
    return status;
}

int
ub_cli_separate(const ub_cli_options* options)
{
    char err[UB_CLI_ERR] = "";
    char path[4096];
    batch self = {.options = options,
                  .song = {.remove = options->remove,
                           .format = options->format,
                           .progress = !options->quiet}};
    const ub_engine_options engine = {.backend = options->backend, .workers = options->threads};
    int status = UB_CLI_FAILED;
    if (options->backend && !ub_backend_find(options->backend, err, sizeof(err))) {
        status = UB_CLI_USAGE;
    } else if (ub_model_path(options->model, path, sizeof(path), err, sizeof(err)) &&
               (self.song.model = ub_model_open(path, err, sizeof(err))) &&
               (self.song.engine = ub_engine_new(&engine, err, sizeof(err)))) {
        status = separate_files(&self);
        err[0] = '\0';
    }
    if (err[0]) {
        ub_print_error("%s", err);
    }
    for (size_t i = 0; self.outputs && i < (size_t)options->args * self.song.sources; ++i) {
        free(self.outputs[i]);
    }
    free(self.outputs);
    if (self.song.engine) {
        ub_engine_free(self.song.engine);
    }
    if (self.song.model) {
        ub_model_unref(self.song.model);
    }
    return status;
}
