// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_CONVERTER_H
#define UB_PLUGIN_CLI_CONVERTER_H

/**
   @file
   Decoded sound of any kind as interleaved floats of one rate and layout.
*/

#include <libavutil/frame.h>
#include <libswresample/swresample.h>

#include <stdbool.h>
#include <stdint.h>

/** Set `rate` and `layout`, leave the rest 0. */
typedef struct {
    int rate;                ///< Of what comes out
    AVChannelLayout* layout; ///< Likewise; not owned
    SwrContext* swr;         ///< From the last frame's kind of sound, or NULL
    int from_rate;
    int from_format;
    AVChannelLayout from_layout;
    float* ready; ///< Not yet taken, [count][channels]
    int64_t room; ///< Frames that fit
    int64_t count;
    int64_t taken; ///< Of them
} ub_converter;

/// Take in a frame, or for NULL give out what is still held back.  False if that cannot be.
bool ub_converter_put(ub_converter* self, const AVFrame* frame);

/// Copy up to n frames to [n][channels].  Returns how many.
int64_t ub_converter_take(ub_converter* self, float* frames, int64_t n);

void ub_converter_free(ub_converter* self);

#endif // UB_PLUGIN_CLI_CONVERTER_H
