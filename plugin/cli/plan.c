// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/plan.h"

#include "model/file/error.h"
#include "plugin/cli/folder.h"
#include "plugin/cli/suffix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char*
ub_output_path(const char* input, const char* dir, const char* part, const char* suffix)
{
    const bool standard = !strcmp(input, "-");
    const char* slash = standard ? NULL : strrchr(input, '/');
    const char* name = standard ? "stdin" : slash ? slash + 1 : input;
    const int length = (int)ub_stem_length(name);
    char* path = NULL;
    int n = 0;
    if (dir) {
        n = asprintf(&path, "%s/%.*s.%s.%s", dir, length, name, part, suffix);
    } else {
        const int prefix = slash ? (int)(slash + 1 - input) : 0;
        n = asprintf(&path, "%.*s%.*s.%s.%s", prefix, input, length, name, part, suffix);
    }
    return n < 0 ? NULL : path;
}

/** A file's identity, whether or not it is there: its directory and its name. */
typedef struct {
    dev_t device;
    ino_t directory;
    const char* name;
} place;

/// To be freed, or NULL without memory
static char*
folder_of(const char* path)
{
    const char* slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

static bool
find_place(const char* path, place* at, char* err, size_t err_size)
{
    const char* slash = strrchr(path, '/');
    char* dir = folder_of(path);
    struct stat status;
    const bool ok = dir && !stat(dir, &status) && !access(dir, W_OK | X_OK);
    if (ok) {
        *at = (place){status.st_dev, status.st_ino, slash ? slash + 1 : path};
    } else {
        ub_error(err, err_size, "%s: cannot be written (%s)", path, strerror(errno));
    }
    free(dir);
    return ok;
}

static int
compare_places(const void* a, const void* b)
{
    const place* p = a;
    const place* q = b;
    if (p->device != q->device) {
        return p->device < q->device ? -1 : 1;
    }
    if (p->directory != q->directory) {
        return p->directory < q->directory ? -1 : 1;
    }
    return strcmp(p->name, q->name);
}

/// No two outputs in one place
static bool
check_outputs(char* const* outputs, size_t n, char* err, size_t err_size)
{
    place* at = calloc(n, sizeof(*at));
    bool ok = at || ub_error(err, err_size, "out of memory");
    for (size_t i = 0; ok && i < n; ++i) {
        ok = find_place(outputs[i], &at[i], err, err_size);
    }
    if (ok) {
        qsort(at, n, sizeof(*at), compare_places);
    }
    for (size_t i = 1; ok && i < n; ++i) {
        if (!compare_places(&at[i - 1], &at[i])) {
            ok = ub_error(err, err_size, "%s: would be written for two inputs", at[i].name);
        }
    }
    free(at);
    return ok;
}

static bool
status_of(const char* path, struct stat* status)
{
    return strcmp(path, "-") ? !stat(path, status) : !fstat(STDIN_FILENO, status);
}

/// Whether only its owner may take the file away
static bool
is_stuck(const char* path, const struct stat* file)
{
    const uid_t user = geteuid();
    struct stat folder;
    char* dir = folder_of(path);
    const bool stuck = dir && !stat(dir, &folder) && (folder.st_mode & S_ISVTX) && user &&
                       user != file->st_uid && user != folder.st_uid;
    free(dir);
    return stuck;
}

/// A file that is there already must be none of the inputs
static bool
check_apart(const char* output, const struct stat* there, char* const* inputs, size_t count,
            char* err, size_t err_size)
{
    for (size_t i = 0; i < count; ++i) {
        struct stat in;
        if (status_of(inputs[i], &in) && in.st_dev == there->st_dev && in.st_ino == there->st_ino) {
            return ub_error(err, err_size, "%s: would be written over the input %s", output,
                            inputs[i]);
        }
    }
    return true;
}

/// What is in an output's place must be a file that can be replaced, and none of the inputs
static bool
check_existing(const char* output, char* const* inputs, size_t count, char* err, size_t err_size)
{
    struct stat there;
    if (stat(output, &there)) {
        return true;
    }
    if (!S_ISREG(there.st_mode)) {
        return ub_error(err, err_size, "%s: is there and is no file (expected none or a file)",
                        output);
    }
    if (is_stuck(output, &there)) {
        return ub_error(err, err_size,
                        "%s: is another user's and cannot be replaced (the folder is sticky)",
                        output);
    }
    return check_apart(output, &there, inputs, count, err, err_size);
}

bool
ub_plan_folder(const char* dir, char* err, size_t err_size)
{
    struct stat made;
    if (!ub_folder_make(dir)) {
        return ub_error(err, err_size, "-o %s: cannot be made (%s)", dir, strerror(errno));
    }
    return stat(dir, &made) || S_ISDIR(made.st_mode) ||
           ub_error(err, err_size, "-o %s: is a file (expected a folder)", dir);
}

bool
ub_plan_standard(char* const* inputs, size_t count, char* err, size_t err_size)
{
    struct stat there;
    return fstat(STDOUT_FILENO, &there) || !S_ISREG(there.st_mode) ||
           check_apart("standard output", &there, inputs, count, err, err_size);
}

bool
ub_plan_check(char* const* inputs, size_t count, char* const* outputs, size_t each, char* err,
              size_t err_size)
{
    bool ok = check_outputs(outputs, count * each, err, err_size);
    for (size_t i = 0; ok && i < count * each; ++i) {
        ok = check_existing(outputs[i], inputs, count, err, err_size);
    }
    return ok;
}
