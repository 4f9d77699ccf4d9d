// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/stems.h"

#include "model/file/error.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/// Length of a sound file's name without suffix; 0 if it is none
static size_t
stem_length(const char* file)
{
    static const char* const suffixes[] = {".wav",  ".flac", ".ogg", ".mp3",
                                           ".opus", ".aif",  ".aiff"};
    const char* dot = strrchr(file, '.');
    for (size_t i = 0; dot && file[0] != '.' && i < sizeof(suffixes) / sizeof(*suffixes); ++i) {
        if (!strcasecmp(dot, suffixes[i])) {
            return (size_t)(dot - file);
        }
    }
    return 0;
}

static int
is_sound(const struct dirent* entry)
{
    return stem_length(entry->d_name) > 0;
}

typedef struct {
    const char* dir;
    struct dirent** entries;
    int count;
} listing;

static bool
list(const char* dir, listing* self, char* err, size_t err_size)
{
    self->dir = dir;
    self->count = scandir(dir, &self->entries, is_sound, alphasort);
    return self->count >= 0 ||
           ub_error(err, err_size, "%s: cannot be read (%s)", dir, strerror(errno));
}

static void
free_listing(listing* self)
{
    for (int i = 0; i < self->count; ++i) {
        free(self->entries[i]);
    }
    free(self->entries);
}

/// The one file of that name, or whose name ends in it after a dot; NULL in found if
/// there is none
static bool
match(const listing* self, const char* name, bool ending, const char** found, char* err,
      size_t err_size)
{
    const size_t n = strlen(name);
    *found = NULL;
    for (int i = 0; i < self->count; ++i) {
        const char* file = self->entries[i]->d_name;
        const size_t length = stem_length(file);
        const bool fits = ending ? length > n + 1 && file[length - n - 1] == '.' : length == n;
        if (!fits || strncmp(file + length - n, name, n)) {
            continue;
        }
        if (*found) {
            return ub_error(err, err_size, "%s: both %s and %s are %s (expected one)", self->dir,
                            *found, file, name);
        }
        *found = file;
    }
    return true;
}

static char*
join(const char* dir, const char* file)
{
    char* path = NULL;
    return asprintf(&path, "%s/%s", dir, file) < 0 ? NULL : path;
}

static bool
fill(ub_stem* stem, const listing* truths, const listing* estimates, const char* file, char* err,
     size_t err_size)
{
    const char* found = NULL;
    stem->name = strndup(file, stem_length(file));
    stem->truth = join(truths->dir, file);
    if (!stem->name || !stem->truth) {
        return ub_error(err, err_size, "out of memory");
    }
    if (!match(truths, stem->name, false, &found, err, err_size) ||
        !match(estimates, stem->name, false, &found, err, err_size) ||
        (!found && !match(estimates, stem->name, true, &found, err, err_size))) {
        return false;
    }
    stem->estimate = found ? join(estimates->dir, found) : NULL;
    return true;
}

size_t
ub_stems_find(const char* ref_dir, const char* est_dir, ub_stem** stems, char* err, size_t err_size)
{
    listing truths = {0};
    listing estimates = {0};
    size_t count = 0;
    bool ok = list(ref_dir, &truths, err, err_size) && list(est_dir, &estimates, err, err_size);
    *stems = NULL;
    if (ok && !truths.count) {
        ok = ub_error(err, err_size,
                      "%s: holds no sound files (expected wav, flac, ogg, mp3, opus or aiff)",
                      ref_dir);
    }
    if (ok) {
        *stems = calloc((size_t)truths.count, sizeof(**stems));
        ok = *stems || ub_error(err, err_size, "out of memory");
    }
    for (int i = 0; ok && i < truths.count; ++i, ++count) {
        ok = fill(&(*stems)[i], &truths, &estimates, truths.entries[i]->d_name, err, err_size);
    }
    if (!ok) {
        ub_stems_free(*stems, count);
        *stems = NULL;
        count = 0;
    }
    free_listing(&truths);
    free_listing(&estimates);
    return count;
}

void
ub_stems_free(ub_stem* stems, size_t count)
{
    for (size_t i = 0; stems && i < count; ++i) {
        free(stems[i].name);
        free(stems[i].truth);
        free(stems[i].estimate);
    }
    free(stems);
}
