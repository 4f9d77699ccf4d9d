// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/container.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRAP       (1ll << 32)  // Where 32-bit sizes begin again
#define OGG_BEHIND (64ll << 20) // Bytes that may follow the last page
#define CHUNKS     4096         // At most, before and behind the sound
#define MOST       (1ll << 50)  // Bytes that a file can have
#define OGG_HEADER 27           // Bytes of a page before its table of lengths

/** How a kind of file is made of chunks: a name, a size, and as many bytes. */
typedef struct {
    const char* magic; ///< The file's first bytes
    const char* form;  ///< Those at form_at, which tell what the chunks are
    int64_t form_at;
    int64_t first;     ///< Where the first chunk begins
    const char* sound; ///< Name of the chunk that holds the sound
    unsigned name;     ///< Bytes of a name
    unsigned width;    ///< Bytes of a size
    unsigned align;    ///< Chunks begin at a multiple of it
    unsigned lead;     ///< Bytes before the sound in its chunk
    bool big_endian;
    bool inclusive; ///< Sizes count name and size as well
} layout;

// W64's names are long: "data" and what follows it in all of them
static const layout layouts[] = {
    {"RIFF", "WAVE", 8, 12, "data", 4, 4, 2, 0, false, false},
    {"RF64", "WAVE", 8, 12, "data", 4, 4, 2, 0, false, false},
    {"BW64", "WAVE", 8, 12, "data", 4, 4, 2, 0, false, false},
    {"riff\x2e\x91\xcf\x11", "wave\xf3\xac\xd3\x11", 24, 40, "data\xf3\xac\xd3\x11", 16, 8, 8, 0,
     false, true},
    {"FORM", "AIFF", 8, 12, "SSND", 4, 4, 2, 8, true, false},
    {"FORM", "AIFC", 8, 12, "SSND", 4, 4, 2, 8, true, false},
    {"caff", "", 0, 8, "data", 4, 8, 1, 4, true, false},
};

typedef struct {
    uint8_t name[16];
    int64_t size_at; ///< Where its size is written
    int64_t begin;   ///< Of what it holds
    int64_t size;    ///< Bytes that it says it holds, negative if more than can be
} chunk;

static bool
read_at(int fd, int64_t at, void* to, size_t n)
{
    return pread(fd, to, n, at) == (ssize_t)n;
}

static int64_t
number(const uint8_t* bytes, unsigned n, bool big_endian)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n; ++i) {
        value |= (uint64_t)bytes[big_endian ? n - 1 - i : i] << (8 * i);
    }
    return (int64_t)value;
}

static bool
read_chunk(int fd, const layout* l, int64_t at, chunk* c)
{
    uint8_t head[24];
    if (!read_at(fd, at, head, l->name + l->width)) {
        return false;
    }
    memcpy(c->name, head, l->name);
    c->size_at = at + l->name;
    c->begin = c->size_at + l->width;
    c->size = number(head + l->name, l->width, l->big_endian) - (l->inclusive ? 24 : 0);
    return true;
}

static int64_t
chunk_end(const layout* l, const chunk* c)
{
    return (c->begin + c->size + l->align - 1) / l->align * l->align;
}

static bool
is_name(const layout* l, const uint8_t* name)
{
    for (unsigned i = 0; i < 4; ++i) {
        if (name[i] < 0x20 || name[i] > 0x7e) {
            return false;
        }
    }
    return l->name == 4 || name[4];
}

/// Whether there are chunks from here to the file's end, or nothing
static bool
ends_in_chunks(int fd, const layout* l, int64_t at, int64_t size)
{
    chunk c;
    at = (at + l->align - 1) / l->align * l->align;
    for (unsigned n = 0; at < size; ++n) {
        if (n == CHUNKS || !read_chunk(fd, l, at, &c) || !is_name(l, c.name) || c.size < 0 ||
            c.size > size - c.begin) {
            return false;
        }
        at = chunk_end(l, &c);
    }
    return true;
}

static bool
find_sound(int fd, const layout* l, int64_t size, chunk* sound, chunk* sizes)
{
    const size_t length = strlen(l->sound);
    *sizes = (chunk){.size = -1};
    int64_t at = l->first;
    for (unsigned n = 0; n < CHUNKS && at < size && read_chunk(fd, l, at, sound); ++n) {
        if (!memcmp(sound->name, l->sound, length)) {
            return true;
        }
        if (!memcmp(sound->name, "ds64", 4)) {
            *sizes = *sound;
        }
        if (sound->size < 0 || sound->size > size) {
            return false;
        }
        at = chunk_end(l, sound);
    }
    return false;
}

/// What programs write that do not know the length
static bool
is_placeholder(int64_t said, unsigned width)
{
    if (width == 8) {
        return said <= 0 || said > MOST;
    }
    return !said || said >= 0xFFFF0000 || (said >= 0x7F000000 && said <= 0x80000100);
}

/// Bytes of sound that there are, of which `said` are told
static int64_t
find_length(int fd, const layout* l, int64_t begin, int64_t said, unsigned width, int64_t size)
{
    const int64_t room = size - begin;
    for (int64_t n = said; n >= 0 && n <= room; n += WRAP) {
        if (ends_in_chunks(fd, l, begin + n, size)) {
            return n;
        }
        if (width == 8) {
            break;
        }
    }
    if (is_placeholder(said, width) || said > room || (width == 4 && room >= WRAP)) {
        return room;
    }
    return said;
}

static void
set_patch(ub_byte_patch* patch, int64_t at, unsigned width, int64_t value, bool big_endian)
{
    *patch = (ub_byte_patch){.at = at, .count = width};
    for (unsigned i = 0; i < width; ++i) {
        patch->bytes[big_endian ? width - 1 - i : i] = (uint8_t)(value >> (8 * i));
    }
}

static void
inspect_chunks(int fd, const layout* l, ub_container* self)
{
    chunk sound;
    chunk sizes;
    if (!find_sound(fd, l, self->size, &sound, &sizes)) {
        return;
    }
    int64_t at = sound.size_at;
    int64_t said = sound.size;
    unsigned width = l->width;
    uint8_t bytes[8];
    // RF64 has its true size in the chunk "ds64", after that of the file
    if (sizes.size >= 16 && read_at(fd, sizes.begin + 8, bytes, 8)) {
        at = sizes.begin + 8;
        said = number(bytes, 8, false);
        width = 8;
    }
    const int64_t there = find_length(fd, l, sound.begin, said, width, self->size);
    const int64_t end = sound.begin + there;
    if (!ends_in_chunks(fd, l, end, self->size)) {
        self->behind = self->size - end;
    }
    if (there != said && there > 0) {
        const int64_t most = width == 4 && there >= WRAP ? WRAP - 1 : there;
        set_patch(&self->patch[0], at, width, most + (l->inclusive ? 24 : 0), l->big_endian);
        if (!memcmp(l->magic, "FORM", 4)) { // Then the size of the whole file counts, too
            set_patch(&self->patch[1], 4, 4, end - 8, true);
        }
        self->end = end;
    }
    self->present = there > l->lead ? there - l->lead : 0;
    if (!is_placeholder(said, width)) {
        self->promised = there > said ? self->present : said - l->lead; // More if it had wrapped
    }
}

/// Where the last page begins, or -1 if that is far from the end
static int64_t
last_page(int fd, int64_t size)
{
    uint8_t bytes[65536];
    int64_t end = size;
    while (end >= OGG_HEADER && size - end < OGG_BEHIND) {
        const int64_t from = end > (int64_t)sizeof(bytes) ? end - (int64_t)sizeof(bytes) : 0;
        if (!read_at(fd, from, bytes, (size_t)(end - from))) {
            break;
        }
        size_t n = (size_t)(end - from) - OGG_HEADER + 1; // Where a page can begin
        for (const uint8_t* at = NULL; (at = memrchr(bytes, 'O', n)); n = (size_t)(at - bytes)) {
            if (!memcmp(at, "OggS", 5)) {
                return from + (at - bytes);
            }
        }
        end = from ? from + OGG_HEADER - 1 : 0; // One may lie across
    }
    return -1;
}

/// A stream's last page is marked, and whole.  Of what follows it nothing is sound.
static void
inspect_ogg(int fd, ub_container* self)
{
    uint8_t page[OGG_HEADER + 255] = {0};
    const int64_t at = last_page(fd, self->size);
    if (at < 0 || pread(fd, page, sizeof(page), at) < OGG_HEADER) {
        return;
    }
    int64_t end = at + OGG_HEADER + page[26];
    for (unsigned i = 0; i < page[26]; ++i) {
        end += page[OGG_HEADER + i];
    }
    self->ended = end <= self->size && (page[5] & 4);
    self->cut = !self->ended;
}

void
ub_container_inspect(int fd, ub_container* self)
{
    uint8_t head[40] = {0};
    struct stat status;
    *self = (ub_container){.promised = -1};
    if (fstat(fd, &status) || pread(fd, head, sizeof(head), 0) < 12) {
        return;
    }
    self->size = self->end = status.st_size;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); ++i) {
        const layout* l = &layouts[i];
        if (!memcmp(head, l->magic, strlen(l->magic)) &&
            !memcmp(head + l->form_at, l->form, strlen(l->form))) {
            inspect_chunks(fd, l, self);
            return;
        }
    }
    if (!memcmp(head, "OggS", 4)) {
        inspect_ogg(fd, self);
    }
}
