// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_TAGS_H
#define UB_PLUGIN_CLI_TAGS_H

/**
   @file
   What a song says of itself, carried to its stems as far as their format can say it: title,
   artist and the like, and in WAV the time stamp and origin of a broadcast wave file.
*/

#include <sndfile.h>

struct AVDictionary;

/// Write them to a file that has no sound yet.
void ub_tags_write(const struct AVDictionary* tags, SNDFILE* file, int type);

#endif // UB_PLUGIN_CLI_TAGS_H
