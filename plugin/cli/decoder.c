// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/decoder.h"

#include "plugin/cli/decoding.h"

#include <libavutil/common.h>
#include <libavutil/intreadwrite.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
        self->sound.frames = ub_decoder_promised(self);
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
