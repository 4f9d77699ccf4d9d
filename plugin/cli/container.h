// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_CONTAINER_H
#define UB_PLUGIN_CLI_CONTAINER_H

/**
   @file
   What a sound file says of its own length, and whether that is so.

   WAV, RF64, W64, AIFF and CAF say in their beginning how many bytes of sound there are.
   Who writes to a pipe, or crashes, leaves that at 0 or at the most that fits; of more
   than 4 GB in a WAV only the lowest 32 bits are there.  Decoders then see too little
   or nothing.  Here the length is found from the file's size and from what follows the
   sound: a file is well-formed if that is a row of chunks up to the file's end.

   Sources: Microsoft/IBM, "Multimedia Programming Interface and Data Specifications 1.0";
   EBU Tech 3306 (RF64); Apple, "Audio Interchange File Format 1.3"; RFC 3533 (Ogg).
*/

#include <stdbool.h>
#include <stdint.h>

/** Bytes to be read in place of those in the file. */
typedef struct {
    int64_t at;
    uint8_t bytes[8];
    unsigned count; ///< 0: none
} ub_byte_patch;

#define UB_PATCHES 2

typedef struct {
    int64_t size;     ///< The file's, bytes
    int64_t end;      ///< Where the sound ends if patches are needed, else the file's size
    int64_t promised; ///< Bytes of sound that the beginning tells, or -1 if it tells none
    int64_t present;  ///< Of them, or in all if it tells none, those that are there
    int64_t behind;   ///< Bytes behind the sound that are no chunks
    bool cut;         ///< The end is missing, and it is not told how much (Ogg)
    bool ended;       ///< The end is there, as is told by a mark (Ogg)
    ub_byte_patch patch[UB_PATCHES]; ///< That make decoders read all of the sound
} ub_container;

/// Look at a file, wherever it is read at the moment.
/// Look into a file that can seek, whatever it is: of other kinds only the size is told.  Where its
/// descriptor stands does not matter, and stays.
void ub_container_inspect(int fd, ub_container* self);

#endif // UB_PLUGIN_CLI_CONTAINER_H
