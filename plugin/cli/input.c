// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/input.h"

#include "model/file/error.h"
#include "plugin/cli/aside.h"
#include "plugin/cli/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL 65536 // Bytes: more than any tag behind the sound

/// Copy what is left of a stream to a temporary file.  Closes `from`; -1 on failure.
static int
spool(int from, const char* path, char* err, size_t err_size)
{
    int to = ub_aside_scratch(err, err_size);
    bool ok = to >= 0;
    switch (ok ? ub_copy(from, to) : UB_COPIED) {
    case UB_COPIED:
        break;
    case UB_NOT_READ:
        ok = ub_error(err, err_size, "%s: cannot be read (%s)", path, strerror(errno));
        break;
    case UB_NOT_WRITTEN:
        ok = ub_error(err, err_size, "%s: temporary file cannot be written (%s; set TMPDIR)", path,
                      strerror(errno));
        break;
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
    if (self->sound.channels > 2) {
        return ub_error(err, err_size,
                        "%s: has %d channels (expected 1 or 2; ffmpeg -i IN -ac 2 OUT mixes down)",
                        self->path, self->sound.channels);
    }
    if (self->sound.rate < 8000 || self->sound.rate > 192000) {
        return ub_error(err, err_size, "%s: has %d samples a second (expected 8000 to 192000)",
                        self->path, self->sound.rate);
    }
    return true;
}

bool
ub_input_open(ub_input* self, const char* path, char* err, size_t err_size)
{
    const bool standard = !strcmp(path, "-");
    const char* why = NULL;
    *self = (ub_input){.path = standard ? "standard input" : path};
    const int fd = open_path(standard ? NULL : path, self->path, err, err_size);
    if (fd < 0) {
        return false;
    }
    self->decoder = ub_decoder_open(fd, &why);
    if (!self->decoder) {
        return ub_error(err, err_size, "%s: is no sound file that can be read (%s)", self->path,
                        why);
    }
    self->sound = *ub_decoder_sound(self->decoder);
    if (!check(self, err, err_size)) {
        ub_input_close(self);
        return false;
    }
    return true;
}

int64_t
ub_input_read(ub_input* self, float* frames, int64_t n)
{
    const int64_t got = ub_decoder_read(self->decoder, frames, n);
    for (int64_t i = 0; i < got * self->sound.channels; ++i) {
        if (!isfinite(frames[i])) {
            frames[i] = 0.0f;
            ++self->bad;
        }
    }
    self->read += got;
    return got;
}

ub_loss
ub_input_loss(const ub_input* self, char* line, size_t size)
{
    const ub_loss loss = ub_decoder_loss(self->decoder);
    const double rate = self->sound.rate;
    *line = '\0';
    if (loss.error) {
        ub_error(line, size, "cannot be read after %.1f s (%s)", (double)self->read / rate,
                 strerror(loss.error));
    } else if (loss.missing) {
        ub_error(line, size,
                 "is cut or damaged: %.1f s of sound could be read of the %.1f s that it says it "
                 "has (%" PRId64 " samples are missing)",
                 (double)self->read / rate, (double)loss.promised / rate, loss.missing);
    } else if (loss.gaps) {
        ub_error(line, size, "is damaged in %" PRIu64 " places, whose sound is left out",
                 loss.gaps);
    } else if (loss.cut) {
        ub_error(line, size, "is cut: its end is missing after %.1f s", (double)self->read / rate);
    } else if (loss.behind > TAIL) {
        ub_error(line, size, "%" PRId64 " bytes behind its sound are left out", loss.behind);
    }
    return loss;
}

void
ub_input_close(ub_input* self)
{
    ub_decoder_close(self->decoder);
    self->decoder = NULL;
}
