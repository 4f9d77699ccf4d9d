// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_INPUT_H
#define UB_PLUGIN_CLI_INPUT_H

/**
   @file
   A sound file to read, front to back.
*/

#include "plugin/cli/decoder.h"

typedef struct {
    const char* path; ///< For messages; not owned
    ub_decoder* decoder;
    ub_sound sound;
    int64_t read; ///< Frames read so far
    uint64_t bad; ///< Samples that were NaN or infinite, and read as 0
} ub_input;

/**
   Open a file, or standard input for "-".

   What cannot seek (a pipe) is first copied to a temporary file, because most
   formats cannot be read without.

   @return False with one line in err that begins with the path; nothing is open then.
*/
bool ub_input_open(ub_input* self, const char* path, char* err, size_t err_size);

/// Read up to n frames to [n][channels].  Returns how many; fewer only at the end.
int64_t ub_input_read(ub_input* self, float* frames, int64_t n);

/// What was missing, when all was read.  Gives one line on it, or "", that does not begin with
/// the path.
ub_loss ub_input_loss(const ub_input* self, char* line, size_t size);

void ub_input_close(ub_input* self);

#endif // UB_PLUGIN_CLI_INPUT_H
