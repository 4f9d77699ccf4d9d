// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_SUFFIX_H
#define UB_PLUGIN_CLI_SUFFIX_H

/**
   @file
   Where a file's name ends and its suffix begins.
*/

#include <stddef.h>

/// Length of a name without its suffix, if that is one of a kind of sound or video file that
/// ffmpeg's libraries know: "01. Intro" and "Suite No. 5" have none.
size_t ub_stem_length(const char* name);

#endif // UB_PLUGIN_CLI_SUFFIX_H
