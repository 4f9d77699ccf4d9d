// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_DECODING_H
#define UB_PLUGIN_CLI_DECODING_H

/**
   @file
   Inside a decoder, for its own two sources.
*/

#include "plugin/cli/converter.h"
#include "plugin/cli/decoder.h"
#include "plugin/cli/source.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct ub_decoder_s {
    int fd;
    ub_source source;
    AVIOContext* io;
    AVFormatContext* format;
    AVDictionary* tags;
    AVStream* stream; ///< The sound, one of the format's streams
    AVCodecContext* codec;
    AVPacket* packet;
    AVFrame* frame;
    ub_converter converter;
    ub_sound sound;
    int64_t decoded; ///< Frames in all
    int64_t skipped; ///< Frames that encoders had added
    int64_t reached; ///< Where the last packet of any stream ends, us
    int64_t longest; ///< Frames of one packet, at most
    uint64_t gaps;
    uint64_t bad; ///< Packets since the last good one that could not be decoded
    bool partial; ///< The last of them is the beginning of a good one
    bool broken;  ///< The container cannot be read to its end
    bool drained; ///< It got all packets
    bool ended;   ///< It gave all frames
};

/// Frames in all that the file says it has, not as guessed or found at its end; 0 if it does not
int64_t ub_decoder_promised(const ub_decoder* self);

#endif // UB_PLUGIN_CLI_DECODING_H
