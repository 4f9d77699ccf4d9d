// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/decoding.h"

int64_t
ub_decoder_promised(const ub_decoder* self)
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
    const int64_t lacking = ub_decoder_promised(self) - self->decoded - self->skipped;
    const int64_t spare = is_exact(self) ? 0 : self->longest + self->sound.rate / 20;
    return lacking > spare ? lacking : 0;
}

ub_loss
ub_decoder_loss(const ub_decoder* self)
{
    const ub_container* c = &self->source.container;
    const int64_t all = ub_decoder_promised(self);
    return (ub_loss){.promised = all,
                     .missing = all ? missing(self) : 0,
                     .gaps = self->gaps,
                     .cut = c->cut || (!all && !c->ended && (self->partial || self->broken)),
                     .behind = c->behind,
                     .error = self->source.error};
}
