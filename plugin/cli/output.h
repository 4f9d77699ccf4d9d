// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_OUTPUT_H
#define UB_PLUGIN_CLI_OUTPUT_H

/**
   @file
   A sound file to write, aside until all are committed (see aside.h), or to be sent to
   standard output when it is complete.
*/

#include "plugin/cli/decoder.h"

#include <sndfile.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char* name;   ///< For the option
    const char* suffix; ///< Of the file's name, without the dot
    const char* about;
    int type;       ///< libsndfile's type and encoding
    unsigned bytes; ///< Per sample, 0 if compressed
    bool clips;     ///< Cannot hold samples beyond -1 to 1
    int usual;      ///< Bits a second, in thousands, of two channels, 0 if it is not for the
                    ///< user to choose
} ub_format;

/// All formats, the default first, a NULL name at the end
extern const ub_format ub_formats[];

/// The format of that name, or NULL
const ub_format* ub_format_find(const char* name);

/** How to write. */
typedef struct {
    const ub_format* format;
    int bitrate; ///< Bits a second, in thousands, or 0 for the usual
} ub_encoding;

typedef struct {
    const char* path; ///< Not owned
    SNDFILE* file;
    int fd;        ///< Not owned, but of standard output's copy
    bool standard; ///< For standard output
    int error;     ///< Of the first write that failed, errno; libsndfile forgets some of them
    int channels;
    bool clips;
    uint64_t clipped; ///< Samples that did not fit the format
} ub_output;

/// Open a file, or "-", for sound like the input's.  It must not move in memory until it is
/// closed.  False with one line in err.
bool ub_output_open(ub_output* self, const char* path, const ub_encoding* encoding,
                    const ub_sound* sound, const struct AVDictionary* tags, char* err,
                    size_t err_size);

/// Write n frames of [n][channels].
bool ub_output_write(ub_output* self, const float* frames, int64_t n, char* err, size_t err_size);

/// Finish the file; it stays aside.  True if it is whole, or was not open.
bool ub_output_close(ub_output* self, char* err, size_t err_size);

/// Of "-": copy it to standard output if wanted, and be done with it.
bool ub_output_send(ub_output* self, bool wanted, char* err, size_t err_size);

#endif // UB_PLUGIN_CLI_OUTPUT_H
