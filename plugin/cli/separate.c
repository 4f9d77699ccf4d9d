// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/cli.h"

#include "model/file/error.h"
#include "plugin/cli/model.h"
#include "plugin/cli/plan.h"
#include "plugin/cli/print.h"
#include "plugin/cli/report.h"
#include "plugin/cli/song.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const ub_cli_options* options;
    ub_song_config song;
    ub_parts parts;
    char** outputs; ///< Paths, [files][parts]
} batch;

static bool
to_standard_output(const ub_cli_options* options)
{
    return options->dir && !strcmp(options->dir, "-");
}

/// One stem, and nothing else goes there
static bool
check_standard_output(const batch* self, char* err, size_t err_size)
{
    if (self->options->args != 1 || self->parts.n != 1) {
        return ub_error(err, err_size,
                        "-o -: %u stems of %d files (expected one of one, as with -s)",
                        self->parts.n, self->options->args);
    }
    if (self->options->json) {
        return ub_error(err, err_size, "-o -: cannot be with --json, which writes there as well");
    }
    if (isatty(STDOUT_FILENO)) {
        return ub_error(err, err_size, "-o -: is a terminal (expected a file or a program)");
    }
    return ub_plan_standard(self->options->arg, 1, err, err_size);
}

static bool
plan(batch* self, char* err, size_t err_size)
{
    const ub_cli_options* options = self->options;
    const unsigned each = self->parts.n;
    const size_t files = (size_t)options->args;
    const bool standard = to_standard_output(options);
    if (standard ? !check_standard_output(self, err, err_size)
                 : options->dir && !ub_plan_folder(options->dir, err, err_size)) {
        return false;
    }
    self->outputs = calloc(files * each, sizeof(*self->outputs));
    bool ok = self->outputs;
    for (size_t i = 0; ok && i < files * each; ++i) {
        self->outputs[i] =
            standard ? strdup("-")
                     : ub_output_path(options->arg[i / each], options->dir,
                                      self->parts.at[i % each].name, options->format->suffix);
        ok = self->outputs[i];
    }
    if (!ok) {
        return ub_error(err, err_size, "out of memory");
    }
    return standard || ub_plan_check(options->arg, files, self->outputs, each, err, err_size);
}

static bool
separate_file(const batch* self, size_t file)
{
    char err[UB_CLI_ERR] = "";
    ub_song_report report;
    ub_song_files files = {.input = self->options->arg[file],
                           .parts = &self->parts,
                           .outputs = self->outputs + file * self->parts.n};
    ub_parts parts = {.n = 0}; // That are still to be made
    char* outputs[UB_MAX_PARTS];
    for (unsigned i = 0; i < self->parts.n; ++i) {
        files.kept[i] = self->options->keep && !to_standard_output(self->options) &&
                        !access(files.outputs[i], F_OK);
        if (!files.kept[i]) {
            outputs[parts.n] = files.outputs[i];
            parts.at[parts.n++] = self->parts.at[i];
        }
    }
    ub_song_config song = self->song;
    song.parts = &parts;
    if (parts.n && !ub_song(&song, files.input, outputs, &report, err, sizeof(err))) {
        ub_report_failed(self->options, files.input, err);
        return false;
    }
    ub_report_done(self->options, &song, &files, parts.n ? &report : NULL);
    return !parts.n || !ub_is_loss(&report.loss);
}

static int
separate_files(batch* self)
{
    const ub_cli_options* options = self->options;
    char err[UB_CLI_ERR] = "";
    int status = UB_CLI_OK;
    if (!ub_parts_read(&self->song.model->net, options->source, options->sources, options->remove,
                       &self->parts, err, sizeof(err)) ||
        !plan(self, err, sizeof(err))) {
        ub_print_error("%s", err);
        return UB_CLI_USAGE;
    }
    for (int i = 0; i < options->args; ++i) {
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
                  .song = {.sum = options->sum,
                           .encoding = {options->format, options->bitrate},
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
    for (size_t i = 0; self.outputs && i < (size_t)options->args * self.parts.n; ++i) {
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
