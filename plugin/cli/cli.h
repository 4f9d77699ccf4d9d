// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_CLI_H
#define UB_PLUGIN_CLI_CLI_H

/**
   @file
   The command line: options and commands.
*/

#include "model/import/import.h"
#include "plugin/cli/output.h"

#include <stdbool.h>
#include <stddef.h>

/** Exit statuses. */
enum {
    UB_CLI_OK,     ///< All done
    UB_CLI_FAILED, ///< Something failed; what could be done was done
    UB_CLI_USAGE   ///< Nothing was begun, because of how the command was given
};

#define UB_CLI_ERR   2048 ///< Room for one error line
#define UB_CLI_NAMES 32   ///< Most sources to ask for

typedef struct {
    const char* dir;                  ///< Where outputs go, NULL: beside the input, "-": to
                                      ///< standard output
    const char* source[UB_CLI_NAMES]; ///< Names asked for
    unsigned sources;                 ///< How many, 0: all
    bool remove;                      ///< The mix without the source
    const char* model;                ///< NULL: search
    const char* backend;              ///< NULL: the best
    unsigned threads;                 ///< 0: one per core, up to 4
    const ub_format* format;
    int bitrate; ///< Bits a second, in thousands, 0: the format's usual
    bool sum;    ///< Stems that add up to the song
    bool keep;   ///< Files that are there
    bool quiet;
    bool json;
    ub_import_options import;
    char** arg; ///< What is left of the command line
    int args;
} ub_cli_options;

/// Separate files.  Returns the exit status, like all commands.
int ub_cli_separate(const ub_cli_options* options);

/// Describe a model and the backends.
int ub_cli_info(const ub_cli_options* options);

/// List the models there are.
int ub_cli_models(const ub_cli_options* options);

/// Make a weights file of another program's.
int ub_cli_import(const ub_cli_options* options);

/// Compare estimated stems with the true ones.
int ub_cli_score(const ub_cli_options* options);

#endif // UB_PLUGIN_CLI_CLI_H
