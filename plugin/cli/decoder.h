// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_DECODER_H
#define UB_PLUGIN_CLI_DECODER_H

/**
   @file
   Sound files of all kinds as samples, front to back, by ffmpeg's libraries.

   One decoder for all: they read on where a container misstates its length, join
   chained streams, leave out what encoders put before and behind, and are at hand
   wherever ffmpeg is, in versions 5 to 7 (libavformat 59 to 61).  libsndfile, which
   writes the stems, reads fewer kinds and stops where a header tells it to.  What
   ffmpeg takes on trust, container.h looks into.
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ub_decoder_s ub_decoder;

typedef struct {
    int rate;       ///< Samples a second
    int channels;   ///< 1 or more
    int64_t frames; ///< As many as the file says that it has, 0 if it does not
} ub_sound;

/** What a file lacks, once its end was reached. */
typedef struct {
    int64_t promised; ///< Frames that it says it has, 0 if it does not
    int64_t missing;  ///< Of them those that are not there
    uint64_t gaps;    ///< Places in between that could not be decoded
    bool cut;         ///< The end is missing, and it is not told how much
    int64_t behind;   ///< Bytes behind the sound that are nothing known
    int error;        ///< Of the system, errno, if it could not be read further
} ub_loss;

/// Whether sound is missing
static inline bool
ub_is_loss(const ub_loss* loss)
{
    return loss->missing || loss->gaps || loss->cut || loss->error;
}

/**
   Open a file.

   @param fd Owned from now on, even on failure; must be able to seek.
   @param why Gets on failure what is wrong, in words.
*/
ub_decoder* ub_decoder_open(int fd, const char** why);
void ub_decoder_close(ub_decoder* self);

const ub_sound* ub_decoder_sound(const ub_decoder* self);

struct AVDictionary;

/// The file's tags, owned by the decoder; NULL for none
const struct AVDictionary* ub_decoder_tags(const ub_decoder* self);

/// Read up to n frames to [n][channels].  Returns how many; fewer only at the end.
int64_t ub_decoder_read(ub_decoder* self, float* frames, int64_t n);

/// How much of the file was read, 0 to 1
double ub_decoder_part(const ub_decoder* self);

/// What was missing.  For when all was read.
ub_loss ub_decoder_loss(const ub_decoder* self);

#endif // UB_PLUGIN_CLI_DECODER_H
