// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_REPORT_H
#define UB_PLUGIN_CLI_REPORT_H

/**
   @file
   What is said about a song that was separated.
*/

#include "plugin/cli/cli.h"
#include "plugin/cli/song.h"

/** A song's files. */
typedef struct {
    const char* input;
    const ub_parts* parts;
    char* const* outputs;    ///< Paths, [parts]
    bool kept[UB_MAX_PARTS]; ///< Those that were there, and were to be kept
} ub_song_files;

/// Warnings on standard error, names or an object on standard output.  report is NULL if
/// nothing was left to be done.
/// Say what became of a song: the paths of what was made or, with --json, an object on standard
/// output; warnings on standard error.
/// @param report NULL where all of it was there.
void ub_report_done(const ub_cli_options* options, const ub_song_config* config,
                    const ub_song_files* files, const ub_song_report* report);

/// A song that failed, with one line on why
/// Say why nothing became of it, likewise.
void ub_report_failed(const ub_cli_options* options, const char* input, const char* err);

#endif // UB_PLUGIN_CLI_REPORT_H
