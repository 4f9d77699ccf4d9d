// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/input.h"

#include "model/file/error.h"
#include "plugin/cli/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_MPEG 0x230000 // SF_FORMAT_MPEG, which libsndfile has from 1.1 on

static bool
write_all(int fd, const char* data, size_t size)
{
    while (size) {
        const ssize_t n = write(fd, data, size);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        const size_t done = n < 0 ? 0 : (size_t)n;
        data += done;
        size -= done;
    }
    return true;
}

/// Copy what is left of a stream to a temporary file.  Closes `from`; -1 on failure.
static int
spool(int from, const char* path, char* err, size_t err_size)
{
    char buffer[65536];
    ssize_t n = 0;
    int to = ub_aside_scratch(err, err_size);
    bool ok = to >= 0;
    while (ok && (n = read(from, buffer, sizeof(buffer))) != 0) {
        if (n < 0 && errno != EINTR) {
            ok = ub_error(err, err_size, "%s: cannot be read (%s)", path, strerror(errno));
        } else if (n > 0 && !write_all(to, buffer, (size_t)n)) {
            ok = ub_error(err, err_size, "%s: temporary file cannot be written (%s; set TMPDIR)",
                          path, strerror(errno));
        }
    }
    if (ok && !lseek(to, 0, SEEK_CUR)) {
        ok = ub_error(err, err_size, "%s: is empty (expected a sound file)", path);
    }
    close(from);
    if (!ok && to >= 0) {
        close(to);
        to = -1;
    }
    if (to >= 0) {
        lseek(to, 0, SEEK_SET);
    }
    return to;
}

/// A descriptor at the beginning of the file, or of standard input for NULL, which
/// can seek; -1 on failure
static int
open_path(const char* file, const char* path, char* err, size_t err_size)
{
    const int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    struct stat status;
    if (fd < 0 || fstat(fd, &status)) {
        ub_error(err, err_size, "%s: cannot be read (%s)", path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        ub_error(err, err_size, "%s: is a directory (expected a sound file)", path);
    } else if (!S_ISREG(status.st_mode)) {
        return spool(fd, path, err, err_size);
    } else if (!status.st_size) {
        ub_error(err, err_size, "%s: is empty (expected a sound file)", path);
    } else {
        lseek(fd, 0, SEEK_SET);
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/// What the separator can do
static bool
check(const ub_input* self, char* err, size_t err_size)
{
    const char* path = self->path;
    const SF_INFO* info = &self->info;
    if (info->channels < 1 || info->channels > 2) {
        return ub_error(err, err_size,
                        "%s: has %d channels (expected 1 or 2; ffmpeg -i IN -ac 2 OUT mixes down)",
                        path, info->channels);
    }
    if (info->samplerate < 8000 || info->samplerate > 192000) {
        return ub_error(err, err_size, "%s: has %d samples a second (expected 8000 to 192000)",
                        path, info->samplerate);
    }
    if (info->frames < 1) {
        return ub_error(err, err_size, "%s: holds no sound (expected at least one sample)", path);
    }
    return true;
}

bool
ub_input_open(ub_input* self, const char* path, char* err, size_t err_size)
{
    const bool standard = !strcmp(path, "-");
    *self = (ub_input){.path = standard ? "standard input" : path};
    const int fd = open_path(standard ? NULL : path, self->path, err, err_size);
    if (fd < 0) {
        return false;
    }
    self->file = sf_open_fd(fd, SFM_READ, &self->info, SF_TRUE);
    if (!self->file) {
        return ub_error(err, err_size,
                        "%s: is no sound file that can be read (expected WAV, AIFF, FLAC, OGG or "
                        "another that libsndfile reads, which says: %s)",
                        self->path, sf_strerror(NULL));
    }
    if (!check(self, err, err_size)) {
        ub_input_close(self);
        return false;
    }
    return true;
}

bool
ub_input_sized(const ub_input* self)
{
    return self->info.frames < SF_COUNT_MAX;
}

/// Whether the file's own number of frames is more than a guess
static bool
counted(const ub_input* self)
{
    return ub_input_sized(self) && (self->info.format & SF_FORMAT_TYPEMASK) != FORMAT_MPEG;
}

int64_t
ub_input_read(ub_input* self, float* frames, int64_t n, char* err, size_t err_size)
{
    const int64_t got = sf_readf_float(self->file, frames, n);
    const int64_t total = self->read + got;
    const double rate = self->info.samplerate;
    if (!total) {
        ub_error(err, err_size, "%s: holds no sound (expected at least one sample)", self->path);
        return -1;
    }
    if (sf_error(self->file) || (got < n && counted(self) && total < self->info.frames)) {
        ub_error(err, err_size, "%s: is damaged after %.1f s (expected %.1f s)", self->path,
                 (double)total / rate, (double)self->info.frames / rate);
        return -1;
    }
    for (int64_t i = 0; i < got * self->info.channels; ++i) {
        if (!isfinite(frames[i])) {
            frames[i] = 0.0f;
            ++self->bad;
        }
    }
    self->read += got;
    return got;
}

void
ub_input_close(ub_input* self)
{
    if (self->file) {
        sf_close(self->file);
        self->file = NULL;
    }
}
