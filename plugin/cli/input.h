// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_INPUT_H
#define UB_PLUGIN_CLI_INPUT_H

/**
   @file
   A sound file to read, front to back.
*/

#include <sndfile.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char* path; ///< For messages; not owned
    SNDFILE* file;
    SF_INFO info;
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

/// Whether info.frames is known; it is not for an Ogg stream that was cut off
bool ub_input_sized(const ub_input* self);

/**
   Read up to n frames to [n][channels].

   @return Frames read, 0 at the end, -1 if the file is damaged, with one line in err.
*/
int64_t ub_input_read(ub_input* self, float* frames, int64_t n, char* err, size_t err_size);

void ub_input_close(ub_input* self);

#endif // UB_PLUGIN_CLI_INPUT_H
