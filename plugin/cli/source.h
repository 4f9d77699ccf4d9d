// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_SOURCE_H
#define UB_PLUGIN_CLI_SOURCE_H

/**
   @file
   A file's bytes for ffmpeg's libraries, with what its container misstates put right.
*/

#include "plugin/cli/container.h"

#include <libavformat/avio.h>

typedef struct {
    int fd; ///< Not owned
    int64_t at;
    ub_container container;
    int error; ///< Of the system, errno, the first
} ub_source;

/// Look at a file and make the other end.  NULL without memory.  The source must outlive it
/// and not move.
AVIOContext* ub_source_open(ub_source* self, int fd);
void ub_source_close(AVIOContext* io);

#endif // UB_PLUGIN_CLI_SOURCE_H
