// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/decoder.h"

#include "plugin/cli/converter.h"
#include "plugin/cli/source.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/common.h>
#include <libavutil/intreadwrite.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static const char*
open_format(ub_decoder* self)
{
    self->io = ub_source_open(&self->source, self->fd);
    self->format = avformat_alloc_context();
    self->packet = av_packet_alloc();
    self->frame = av_frame_alloc();
    if (!self->io || !self->format || !self->packet || !self->frame) {
        return "out of memory";
    }
    self->format->pb = self->io;
    // A file stands for itself: it opens no others, as playlists do
    AVDictionary* options = NULL;
    av_dict_set(&options, "protocol_whitelist", "none", 0);
    const int status = avformat_open_input(&self->format, NULL, NULL, &options); // Frees on failure
    av_dict_free(&options);
    return status < 0 ? "no known kind of file" : NULL;
}

static const char*
open_codec(ub_decoder* self)
{
    const AVCodec* codec = NULL;
    if (avformat_find_stream_info(self->format, NULL) < 0) {
        return "nothing in it can be decoded";
    }
    const int best = av_find_best_stream(self->format, AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
    if (best < 0) {
        return best == AVERROR_DECODER_NOT_FOUND ? "its coding is not known" : "it has no sound";
    }
    self->stream = self->format->streams[best];
    self->codec = avcodec_alloc_context3(codec);
    if (!self->codec) {
        return "out of memory";
    }
    avcodec_parameters_to_context(self->codec, self->stream->codecpar);
    self->codec->pkt_timebase = self->stream->time_base;
    self->codec->err_recognition |= AV_EF_CRCCHECK;
    return avcodec_open2(self->codec, codec, NULL) < 0 ? "its coding is not known" : NULL;
}

/// Frames in all that the file says it has, not as guessed or found at its end; 0 if it does not
static int64_t
promised(const ub_decoder* self)
{
    const ub_container* c = &self->source.container;
    const int bits = av_get_exact_bits_per_sample(self->codec->codec_id);
    const AVRational frame = {1, self->sound.rate};
    if (bits && c->present) {
        return c->promised < 0 ? 0 : c->promised * 8 / (bits * self->sound.channels);
    }
    if (self->format->duration_estimation_method != AVFMT_DURATION_FROM_STREAM) {
        return 0;
    }
    const int64_t all = self->stream->duration > 0
                            ? av_rescale_q(self->stream->duration, self->stream->time_base, frame)
                            : av_rescale_q(self->format->duration, AV_TIME_BASE_Q, frame);
    return all > 0 ? all : 0; // Negative for unknown and for more than can be
}

/// Whether the file says it to the frame.  Others count whole packets, or round.
static bool
is_exact(const ub_decoder* self)
{
    const enum AVCodecID id = self->codec->codec_id;
    return av_get_exact_bits_per_sample(id) || id == AV_CODEC_ID_FLAC || id == AV_CODEC_ID_MP3 ||
           id == AV_CODEC_ID_WAVPACK || id == AV_CODEC_ID_TTA;
}

/// Of those, the ones that never came
static int64_t
missing(const ub_decoder* self)
{
    const AVRational frame = {1, self->sound.rate};
    if (self->stream->duration <= 0 && !self->source.container.present) {
        // The time of the longest stream, rounded
        const int64_t lacking = self->format->duration - self->reached;
        return lacking > AV_TIME_BASE / 10 ? av_rescale_q(lacking, AV_TIME_BASE_Q, frame) : 0;
    }
    const int64_t lacking = promised(self) - self->decoded - self->skipped;
    const int64_t spare = is_exact(self) ? 0 : self->longest + self->sound.rate / 20;
    return lacking > spare ? lacking : 0;
}

ub_decoder*
ub_decoder_open(int fd, const char** why)
{
    ub_decoder* self = calloc(1, sizeof(*self));
    if (!self) {
        close(fd);
        *why = "out of memory";
        return NULL;
    }
    av_log_set_level(AV_LOG_QUIET); // We say it in one line
    self->fd = fd;
    *why = open_format(self);
    if (!*why) {
        *why = open_codec(self);
    }
    if (!*why) {
        self->sound.rate = self->codec->sample_rate;
        self->sound.channels = self->codec->ch_layout.nb_channels;
        *why = self->sound.channels < 1 || self->sound.rate < 1 ? "it has no sound" : NULL;
    }
    if (!*why) {
        self->sound.frames = promised(self);
        av_dict_copy(&self->tags, self->format->metadata, 0);
        av_dict_copy(&self->tags, self->stream->metadata, AV_DICT_DONT_OVERWRITE);
        self->converter.rate = self->sound.rate;
        self->converter.layout = &self->codec->ch_layout;
    }
    if (*why) {
        ub_decoder_close(self);
        return NULL;
    }
    return self;
}

void
ub_decoder_close(ub_decoder* self)
{
    if (self) {
        ub_converter_free(&self->converter);
        av_frame_free(&self->frame);
        av_packet_free(&self->packet);
        avcodec_free_context(&self->codec);
        avformat_close_input(&self->format);
        ub_source_close(self->io);
        av_dict_free(&self->tags);
        close(self->fd);
        free(self);
    }
}

const ub_sound*
ub_decoder_sound(const ub_decoder* self)
{
    return &self->sound;
}

/// Note what the container says that is to be left out, in the encoded sound's own frames
static void
note_skips(ub_decoder* self)
{
    size_t size = 0;
    const uint8_t* skips = av_packet_get_side_data(self->packet, AV_PKT_DATA_SKIP_SAMPLES, &size);
    if (skips && size >= 8) {
        self->skipped += (int64_t)AV_RL32(skips) + AV_RL32(skips + 4);
    }
}

static void
note_time(ub_decoder* self)
{
    const AVPacket* p = self->packet;
    const AVRational base = self->format->streams[p->stream_index]->time_base;
    const AVRational us = {1, AV_TIME_BASE};
    if (p->pts != AV_NOPTS_VALUE) {
        const int64_t end = av_rescale_q(av_sat_add64(p->pts, p->duration), base, us);
        self->reached = end > self->reached ? end : self->reached;
    }
}

/// Note a packet that cannot be decoded
static void
note_bad(ub_decoder* self)
{
    const AVPacket* p = self->packet;
    const bool tag = p->size > 3 && (!memcmp(p->data, "ID3", 3) || !memcmp(p->data, "TAG", 3));
    if (!tag) { // Those of the next song, where files were joined, are no loss
        ++self->bad;
        // At the end it may be anything, but not if it begins like every piece of MPEG sound
        self->partial = p->size > 1 && AV_RB16(p->data) >= 0xFFE0;
    }
}

/// Give the decoder the next packet of the sound, or tell it that there are no more
static void
feed(ub_decoder* self)
{
    int status = 0;
    while ((status = av_read_frame(self->format, self->packet)) >= 0) {
        const bool ours = self->packet->stream_index == self->stream->index;
        note_time(self);
        if (ours) {
            note_skips(self);
            if (avcodec_send_packet(self->codec, self->packet) < 0) {
                note_bad(self);
            }
        }
        av_packet_unref(self->packet);
        if (ours) {
            return;
        }
    }
    self->broken = status != AVERROR_EOF;
    avcodec_send_packet(self->codec, NULL);
    self->drained = true;
}

static bool
next_frame(ub_decoder* self)
{
    for (;;) {
        const int status = avcodec_receive_frame(self->codec, self->frame);
        if (status >= 0) {
            self->gaps += self->bad;
            self->bad = 0;
            self->partial = false;
            self->longest =
                self->frame->nb_samples > self->longest ? self->frame->nb_samples : self->longest;
            return true;
        }
        if (status == AVERROR_EOF || self->drained) {
            return false;
        }
        self->bad += status != AVERROR(EAGAIN);
        feed(self);
    }
}

int64_t
ub_decoder_read(ub_decoder* self, float* frames, int64_t n)
{
    int64_t done = 0;
    for (;;) {
        done += ub_converter_take(&self->converter, frames + done * self->sound.channels, n - done);
        if (done == n || self->ended) {
            break;
        }
        self->ended = !next_frame(self) || !ub_converter_put(&self->converter, self->frame);
        av_frame_unref(self->frame);
        if (self->ended) {
            ub_converter_put(&self->converter, NULL);
        }
    }
    self->decoded += done;
    return done;
}

const AVDictionary*
ub_decoder_tags(const ub_decoder* self)
{
    return self->tags;
}

double
ub_decoder_part(const ub_decoder* self)
{
    return (double)avio_tell(self->io) / (double)self->source.container.end;
}

ub_loss
ub_decoder_loss(const ub_decoder* self)
{
    const ub_container* c = &self->source.container;
    const int64_t all = promised(self);
    return (ub_loss){.promised = all,
                     .missing = all ? missing(self) : 0,
                     .gaps = self->gaps,
                     .cut = c->cut || (!all && !c->ended && (self->partial || self->broken)),
                     .behind = c->behind,
                     .error = self->source.error};
}
