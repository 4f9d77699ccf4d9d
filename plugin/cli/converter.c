// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/converter.h"

#include <stdlib.h>
#include <string.h>

/// Room for so many frames more
static bool
make_room(ub_converter* self, int64_t more)
{
    const size_t room = (size_t)(self->count + more);
    if (room <= (size_t)self->room) {
        return true;
    }
    float* ready = realloc(self->ready, sizeof(float) * room * (size_t)self->layout->nb_channels);
    if (!ready) {
        return false;
    }
    self->ready = ready;
    self->room = (int64_t)room;
    return true;
}

/// Convert a frame, or for none what is held back, and append it
static bool
convert(ub_converter* self, const AVFrame* frame)
{
    const int n = frame ? frame->nb_samples : 0;
    const int most = self->swr ? swr_get_out_samples(self->swr, n) : 0;
    if (most < 0 || !make_room(self, most)) {
        return false;
    }
    if (!most) {
        return true;
    }
    uint8_t* to = (uint8_t*)(self->ready + self->count * self->layout->nb_channels);
    const uint8_t** from = frame ? (const uint8_t**)frame->extended_data : NULL;
    const int got = swr_convert(self->swr, &to, most, from, n);
    self->count += got > 0 ? got : 0;
    return got >= 0;
}

static bool
is_alike(const ub_converter* self, const AVFrame* frame)
{
    return self->swr && frame->sample_rate == self->from_rate &&
           frame->format == self->from_format &&
           !av_channel_layout_compare(&frame->ch_layout, &self->from_layout);
}

/// Be ready for sound like the frame's: chained streams may go on in another way
static bool
prepare(ub_converter* self, const AVFrame* frame)
{
    if (is_alike(self, frame)) {
        return true;
    }
    const bool ok = convert(self, NULL);
    swr_free(&self->swr);
    self->from_rate = frame->sample_rate;
    self->from_format = frame->format;
    return ok && !av_channel_layout_copy(&self->from_layout, &frame->ch_layout) &&
           !swr_alloc_set_opts2(&self->swr, self->layout, AV_SAMPLE_FMT_FLT, self->rate,
                                &self->from_layout, frame->format, frame->sample_rate, 0, NULL) &&
           !swr_init(self->swr);
}

bool
ub_converter_put(ub_converter* self, const AVFrame* frame)
{
    if (self->taken == self->count) {
        self->taken = self->count = 0;
    }
    return (!frame || prepare(self, frame)) && convert(self, frame);
}

int64_t
ub_converter_take(ub_converter* self, float* frames, int64_t n)
{
    const size_t channels = (size_t)self->layout->nb_channels;
    const int64_t left = self->count - self->taken;
    const int64_t more = left < n ? left : n;
    if (more > 0) {
        memcpy(frames, self->ready + (size_t)self->taken * channels,
               sizeof(float) * (size_t)more * channels);
        self->taken += more;
    }
    return more > 0 ? more : 0;
}

void
ub_converter_free(ub_converter* self)
{
    swr_free(&self->swr);
    av_channel_layout_uninit(&self->from_layout);
    free(self->ready);
}
