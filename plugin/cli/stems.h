// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_STEMS_H
#define UB_PLUGIN_CLI_STEMS_H

/**
   @file
   Pairs of sound files, one in each of two directories, that are the same source.
*/

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char* name;     ///< The source: the true file's name without suffix
    char* truth;    ///< Path
    char* estimate; ///< Path, or NULL if there is none
} ub_stem;

/**
   Find the sound files of REF_DIR and their counterparts in EST_DIR.

   NAME.wav is matched by NAME.{wav,flac,ogg,mp3,opus,aif,aiff}, else by the only SONG.NAME.{...}.

   @param stems Gets an array, sorted by name, to be freed by ub_stems_free.
   @return How many; 0 with one line in err.
*/
size_t ub_stems_find(const char* ref_dir, const char* est_dir, ub_stem** stems, char* err,
                     size_t err_size);

void ub_stems_free(ub_stem* stems, size_t count);

#endif // UB_PLUGIN_CLI_STEMS_H
