// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/source.h"

#include <libavutil/error.h>
#include <libavutil/mem.h>

#include <errno.h>
#include <unistd.h>

#define BUFFER 65536

static void
apply(const ub_byte_patch* patch, int64_t at, uint8_t* bytes, int64_t n)
{
    for (unsigned i = 0; i < patch->count; ++i) {
        const int64_t k = patch->at + i - at;
        if (k >= 0 && k < n) {
            bytes[k] = patch->bytes[i];
        }
    }
}

static int
read_on(void* source, uint8_t* to, int size)
{
    ub_source* self = source;
    const int64_t left = self->container.end - self->at;
    const size_t wanted = left < size ? (left > 0 ? (size_t)left : 0) : (size_t)size;
    ssize_t n = 0;
    do {
        n = pread(self->fd, to, wanted, self->at);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        self->error = self->error ? self->error : errno;
        return AVERROR(errno);
    }
    for (unsigned i = 0; i < UB_PATCHES; ++i) {
        apply(&self->container.patch[i], self->at, to, n);
    }
    self->at += n;
    return n ? (int)n : AVERROR_EOF;
}

static int64_t
seek(void* source, int64_t offset, int whence)
{
    ub_source* self = source;
    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return self->container.end;
    case SEEK_CUR:
        offset += self->at;
        break;
    case SEEK_END:
        offset += self->container.end;
        break;
    case SEEK_SET:
        break;
    default:
        return AVERROR(EINVAL);
    }
    return offset < 0 ? AVERROR(EINVAL) : (self->at = offset);
}

AVIOContext*
ub_source_open(ub_source* self, int fd)
{
    *self = (ub_source){.fd = fd};
    ub_container_inspect(fd, &self->container);
    unsigned char* buffer = av_malloc(BUFFER);
    AVIOContext* io =
        buffer ? avio_alloc_context(buffer, BUFFER, 0, self, read_on, NULL, seek) : NULL;
    if (!io) {
        av_free(buffer);
    }
    return io;
}

void
ub_source_close(AVIOContext* io)
{
    if (io) {
        av_freep(&io->buffer); // It may have taken another in its place
        avio_context_free(&io);
    }
}
