// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/output.h"

#include "model/file/error.h"
#include "plugin/cli/aside.h"
#include "plugin/cli/copy.h"
#include "plugin/cli/tags.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAV_LIMIT 0xFFF00000u // Bytes of sound that surely fit 32-bit sizes with headers

// libsndfile has these from 1.1 and 1.0.29 on, and says so if it has not
#define FORMAT_MP3       0x230082
#define FORMAT_OPUS      (SF_FORMAT_OGG | 0x64)
#define SET_BITRATE_MODE 0x1305

const ub_format ub_formats[] = {
    {"wav", "wav", "WAV, 32-bit float", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 4, false, 0},
    {"wav24", "wav", "WAV, 24 bit", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 3, true, 0},
    {"wav16", "wav", "WAV, 16 bit", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2, true, 0},
    {"flac", "flac", "FLAC, 24 bit", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 0, true, 0},
    {"ogg", "ogg", "Ogg Vorbis, quality 7", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0, false, 0},
    {"mp3", "mp3", "MP3", FORMAT_MP3, 0, false, 256},
    {"opus", "opus", "Opus", FORMAT_OPUS, 0, false, 192},
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
type_for(const ub_format* format, const ub_sound* sound)
{
    if (!format->bytes) {
        return format->type;
    }
    const double size = (double)sound->frames * sound->channels * format->bytes;
    return size > 0.0 && size < WAV_LIMIT ? format->type
                                          : SF_FORMAT_RF64 | (format->type & SF_FORMAT_SUBMASK);
}

static sf_count_t
get_length(void* file)
{
    struct stat status;
    return fstat(((ub_output*)file)->fd, &status) ? -1 : status.st_size;
}

static sf_count_t
seek(sf_count_t offset, int whence, void* file)
{
    return lseek(((ub_output*)file)->fd, offset, whence);
}

static sf_count_t
read_back(void* to, sf_count_t n, void* file)
{
    return read(((ub_output*)file)->fd, to, (size_t)n);
}

/// Write all, or note why not.  Nothing is written any more then.
static sf_count_t
write_on(const void* from, sf_count_t n, void* file)
{
    ub_output* self = file;
    sf_count_t done = 0;
    while (done < n && !self->error) {
        const ssize_t more = write(self->fd, (const char*)from + done, (size_t)(n - done));
        if (more > 0) {
            done += more;
        } else if (!more || errno != EINTR) {
            self->error = more ? errno : ENOSPC;
        }
    }
    return done;
}

static sf_count_t
tell(void* file)
{
    return lseek(((ub_output*)file)->fd, 0, SEEK_CUR);
}

/// In the system's words, where that refused to write, else in libsndfile's
static bool
cannot(const ub_output* self, const char* words, char* err, size_t err_size)
{
    return ub_error(err, err_size, "%s: cannot be written (%s)", self->path,
                    self->error ? strerror(self->error) : words);
}

/// Bits a second, in thousands, that libsndfile encodes at levels 0 and 1
static void
bitrate_range(const ub_format* format, const ub_sound* sound, int* best, int* least)
{
    if (format->type == FORMAT_OPUS) {
        *best = 256 * sound->channels;
        *least = 6 * sound->channels;
    } else { // MPEG 1, 2, 2.5
        *best = sound->rate >= 32000 ? 320 : sound->rate >= 16000 ? 160 : 64;
        *least = sound->rate >= 32000 ? 32 : 8;
    }
}

static bool
set_bitrate(const ub_output* self, const ub_encoding* encoding, const ub_sound* sound, char* err,
            size_t err_size)
{
    int best = 0;
    int least = 0;
    bitrate_range(encoding->format, sound, &best, &least);
    const int usual = encoding->format->usual * sound->channels / 2;
    const int bitrate = encoding->bitrate ? encoding->bitrate : usual < best ? usual : best;
    if (bitrate < least || bitrate > best) {
        return ub_error(err, err_size,
                        "%s: cannot have %d kbit/s at %d samples a second (expected %d to %d)",
                        self->path, bitrate, sound->rate, least, best);
    }
    int constant = 0;
    double level = (double)(best - bitrate) / (best - least);
    sf_command(self->file, SET_BITRATE_MODE, &constant, sizeof(constant)); // Of MP3
    sf_command(self->file, SFC_SET_COMPRESSION_LEVEL, &level, sizeof(level));
    return true;
}

/// What is to be set before the first sample
static bool
prepare(const ub_output* self, const ub_encoding* encoding, const ub_sound* sound, char* err,
        size_t err_size)
{
    double quality = 0.7;
    if (encoding->format->usual) {
        return set_bitrate(self, encoding, sound, err, err_size);
    }
    sf_command(self->file, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof(quality));
    sf_command(self->file, SFC_RF64_AUTO_DOWNGRADE, NULL, SF_TRUE);
    sf_command(self->file, SFC_SET_CLIPPING, NULL, SF_TRUE);
    // The chunk holds the time of day, and the same input shall give the same file
    sf_command(self->file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE);
    return true;
}

bool
ub_output_open(ub_output* self, const char* path, const ub_encoding* encoding,
               const ub_sound* sound, const struct AVDictionary* tags, char* err, size_t err_size)
{
    const ub_format* format = encoding->format;
    SF_INFO out = {
        .samplerate = sound->rate, .channels = sound->channels, .format = type_for(format, sound)};
    const bool standard = !strcmp(path, "-");
    *self = (ub_output){.path = standard ? "standard output" : path,
                        .standard = standard,
                        .channels = sound->channels,
                        .clips = format->clips};
    self->fd = standard ? ub_aside_scratch(err, err_size) : ub_aside_open(path, err, err_size);
    if (self->fd < 0) {
        return false;
    }
    SF_VIRTUAL_IO io = {get_length, seek, read_back, write_on, tell};
    self->file = sf_open_virtual(&io, SFM_WRITE, &out, self);
    if (self->error) {
        return cannot(self, "", err, err_size);
    }
    if (!self->file) {
        return ub_error(err, err_size, "%s: %d samples a second cannot be written as %s (%s)",
                        self->path, sound->rate, format->name, sf_strerror(NULL));
    }
    if (!prepare(self, encoding, sound, err, err_size)) {
        return false;
    }
    ub_tags_write(tags, self->file, out.format);
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
    return (sf_writef_float(self->file, frames, n) == n && !self->error) ||
           cannot(self, sf_strerror(self->file), err, err_size);
}

bool
ub_output_close(ub_output* self, char* err, size_t err_size)
{
    const int status = self->file ? sf_close(self->file) : 0;
    self->file = NULL;
    return (!status && !self->error) || cannot(self, sf_error_number(status), err, err_size);
}

bool
ub_output_send(ub_output* self, bool wanted, char* err, size_t err_size)
{
    bool ok = true;
    if (self->standard && self->fd >= 0) {
        ok = !wanted || (!lseek(self->fd, 0, SEEK_SET) && !ub_copy(self->fd, STDOUT_FILENO)) ||
             ub_error(err, err_size, "standard output cannot be written (%s)", strerror(errno));
        close(self->fd);
        self->fd = -1;
    }
    return ok;
}
