// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_SONG_H
#define UB_PLUGIN_CLI_SONG_H

/**
   @file
   One sound file through the separator, streaming: what memory it takes does
   not depend on the file's length.
*/

#include "plugin/cli/output.h"
#include "plugin/cli/parts.h"
#include "plugin/stream.h"

#include <stdbool.h>

/** What to do, the same for every file. */
typedef struct {
    ub_engine* engine;
    const ub_model* model;
    const ub_parts* parts; ///< What to make of it
    bool sum;              ///< Have the masks of all sources add up to 1
    ub_encoding encoding;
    bool progress;
} ub_song_config;

/** What was done. */
typedef struct {
    ub_sound sound;   ///< The input's
    ub_loss loss;     ///< What the input lacks
    char lost[512];   ///< That in one line, or ""
    int64_t frames;   ///< Read and written
    double elapsed;   ///< Seconds
    uint32_t latency; ///< Samples, taken out again
    uint64_t bad;     ///< Input samples that were not finite
    uint64_t clipped; ///< Output samples that did not fit the format
    uint64_t late;    ///< STFT frames without a mask
} ub_song_report;

/**
   Separate one file into one output per part, as long as the input and
   aligned with it.  Outputs appear when all are complete, or none does.

   @param outputs Paths, or "-", [config.parts].
   @return False with one line in err.
*/
bool ub_song(const ub_song_config* config, const char* input, char* const* outputs,
             ub_song_report* report, char* err, size_t err_size);

#endif // UB_PLUGIN_CLI_SONG_H
