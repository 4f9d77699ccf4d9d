// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/report.h"

#include "plugin/cli/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static json_t*
list_sources(const ub_network* net, uint32_t sources)
{
    json_t* list = json_array();
    for (unsigned i = 0; i < net->sources; ++i) {
        if (sources & 1u << i) {
            json_array_append_new(list, ub_json_text(net->source[i]));
        }
    }
    return list;
}

static json_t*
list_outputs(const ub_network* net, const ub_song_files* files)
{
    json_t* list = json_array();
    for (unsigned i = 0; i < files->parts->n; ++i) {
        const ub_part* part = &files->parts->at[i];
        json_array_append_new(list, json_pack("{so so so sb sb}", "part", ub_json_text(part->name),
                                              "file", ub_json_text(files->outputs[i]), "sources",
                                              list_sources(net, part->sources), "remove",
                                              part->rest, "kept", files->kept[i]));
    }
    return list;
}

static void
put_report(json_t* object, const ub_song_config* config, const ub_song_report* report)
{
    const double rate = report->sound.rate;
    const double seconds = (double)report->frames / rate;
    json_t* facts = json_pack(
        "{si si sI so so so si so ss so ss sI sI sI sI sI}", "rate", report->sound.rate, "channels",
        report->sound.channels, "samples", (json_int_t)report->frames, "seconds",
        ub_json_real(seconds), "elapsed_seconds", ub_json_real(report->elapsed), "times_real_time",
        ub_json_real(seconds / report->elapsed), "latency_samples", (int)report->latency,
        "latency_seconds", ub_json_real(report->latency / rate), "response", "studio", "model",
        ub_json_text(config->model->path), "backend", ub_engine_backend(config->engine)->name,
        "late_frames", (json_int_t)report->late, "not_finite_samples", (json_int_t)report->bad,
        "clipped_samples", (json_int_t)report->clipped, "missing_samples",
        (json_int_t)report->loss.missing, "damaged_places", (json_int_t)report->loss.gaps);
    json_object_update(object, facts);
    json_decref(facts);
}

static void
print_warnings(const char* input, const ub_song_report* report)
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
}

void
ub_report_done(const ub_cli_options* options, const ub_song_config* config,
               const ub_song_files* files, const ub_song_report* report)
{
    if (report) {
        print_warnings(files->input, report);
    }
    if (options->json) {
        json_t* object = json_pack("{so so}", "file", ub_json_text(files->input), "outputs",
                                   list_outputs(&config->model->net, files));
        if (report) {
            put_report(object, config, report);
        }
        ub_print_json(object);
        return;
    }
    for (unsigned i = 0; i < files->parts->n && !options->quiet; ++i) {
        if (!files->kept[i] && strcmp(files->outputs[i], "-")) {
            puts(files->outputs[i]);
        }
    }
    fflush(stdout);
}

void
ub_report_failed(const ub_cli_options* options, const char* input, const char* err)
{
    ub_print_error("%s", err);
    if (options->json) {
        ub_print_json(
            json_pack("{so so}", "file", ub_json_text(input), "error", ub_json_text(err)));
    }
}
