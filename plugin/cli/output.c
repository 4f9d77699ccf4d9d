// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/output.h"

#include "model/file/error.h"
#include "plugin/cli/aside.h"

#include <math.h>
#include <string.h>

#define WAV_LIMIT 0xFFF00000u // Bytes of sound that surely fit 32-bit sizes with headers

const ub_format ub_formats[] = {
    {"wav", "wav", "WAV, 32-bit float", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 4, false},
    {"wav24", "wav", "WAV, 24 bit", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 3, true},
    {"wav16", "wav", "WAV, 16 bit", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2, true},
    {"flac", "flac", "FLAC, 24 bit", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 0, true},
    {"ogg", "ogg", "Ogg Vorbis, quality 7", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0, false},
    {0},
};

const ub_format*
ub_format_find(const char* name)
{
    for (const ub_format* format = ub_formats; format->name; ++format) {
        if (!strcmp(format->name, name)) {
            return format;
        }
    }
    return NULL;
}

/// The type, but RF64 in place of a WAV that would be too long, or may be
static int
type_for(const ub_format* format, const SF_INFO* info)
{
    const double size = (double)info->frames * info->channels * format->bytes;
    return size < WAV_LIMIT ? format->type : SF_FORMAT_RF64 | (format->type & SF_FORMAT_SUBMASK);
}

bool
ub_output_open(ub_output* self, const char* path, const ub_format* format, const SF_INFO* info,
               char* err, size_t err_size)
{
    SF_INFO out = {.samplerate = info->samplerate,
                   .channels = info->channels,
                   .format = type_for(format, info)};
    *self = (ub_output){.path = path, .channels = info->channels, .clips = format->clips};
    const int fd = ub_aside_open(path, err, err_size);
    if (fd < 0) {
        return false;
    }
    self->file = sf_open_fd(fd, SFM_WRITE, &out, SF_FALSE);
    if (!self->file) {
        return ub_error(err, err_size, "%s: %d samples a second cannot be written as %s (%s)", path,
                        info->samplerate, format->name, sf_strerror(NULL));
    }
    double quality = 0.7;
    sf_command(self->file, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof(quality));
    sf_command(self->file, SFC_RF64_AUTO_DOWNGRADE, NULL, SF_TRUE);
    sf_command(self->file, SFC_SET_CLIPPING, NULL, SF_TRUE);
    // The chunk holds the time of day, and the same input shall give the same file
    sf_command(self->file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE);
    return true;
}

bool
ub_output_write(ub_output* self, const float* frames, int64_t n, char* err, size_t err_size)
{
    if (self->clips) {
        for (int64_t i = 0; i < n * self->channels; ++i) {
            self->clipped += fabsf(frames[i]) > 1.0f;
        }
    }
    if (sf_writef_float(self->file, frames, n) != n) {
        return ub_error(err, err_size, "%s: cannot be written (%s)", self->path,
                        sf_strerror(self->file));
    }
    return true;
}

bool
ub_output_close(ub_output* self, char* err, size_t err_size)
{
    const int status = self->file ? sf_close(self->file) : 0;
    self->file = NULL;
    return !status || ub_error(err, err_size, "%s: cannot be finished (%s)", self->path,
                               sf_error_number(status));
}
