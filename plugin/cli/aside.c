// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/aside.h"

#include "model/file/error.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char* path;   ///< Hidden name, NULL once it has its own
    char* target; ///< Name to be
    char* kept;   ///< Name that an older file has meanwhile, or NULL
    int fd;
} aside;

static aside set[UB_MAX_ASIDES];
static unsigned used;

// A signal may arrive on any thread.  Its handler stores the signal and then
// looks whether the set is being changed; a change is announced before the
// signal is looked for.  So one side or both see the other, and clean up.
static atomic_bool changing;
static atomic_int ending;

static void
end(int number)
{
    for (unsigned i = 0; i < used; ++i) {
        if (set[i].path) {
            unlink(set[i].path);
        }
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void
on_signal(int number)
{
    atomic_store(&ending, number);
    if (!atomic_load(&changing)) {
        end(number);
    }
}

static void
look(void)
{
    const int number = atomic_load(&ending);
    if (number) {
        end(number);
    }
}

static void
begin_change(void)
{
    atomic_store(&changing, true);
    look();
}

static void
end_change(void)
{
    atomic_store(&changing, false);
    look();
}

void
ub_aside_init(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); ++i) {
        struct sigaction action = {.sa_handler = on_signal};
        struct sigaction before;
        sigemptyset(&action.sa_mask);
        if (!sigaction(numbers[i], NULL, &before) && before.sa_handler != SIG_IGN) {
            sigaction(numbers[i], &action, NULL);
        }
    }
    signal(SIGXFSZ, SIG_IGN); // A write beyond the limit then fails with a message
}

/// "dir/name" to "dir/.name.XXXXXX", of a long name the beginning; room for one letter more is
/// left.  NULL, with errno, if the name itself is too long, which would show only once all is
/// computed.
static char*
hidden_name(const char* path)
{
    const char* slash = strrchr(path, '/');
    const char* name = slash ? slash + 1 : path;
    const size_t size = strlen(path) + 10;
    if (strlen(name) > NAME_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    char* hidden = malloc(size);
    if (hidden) {
        snprintf(hidden, size, "%.*s.%.*s.XXXXXX", (int)(name - path), path, NAME_MAX - 9, name);
    }
    return hidden;
}

int
ub_aside_open(const char* path, char* err, size_t err_size)
{
    if (used == UB_MAX_ASIDES) {
        ub_error(err, err_size, "%s: too many files at once", path);
        return -1;
    }
    aside added = {.path = hidden_name(path), .target = strdup(path), .fd = -1};
    const mode_t mask = umask(0);
    umask(mask);
    begin_change();
    if (added.path && added.target) {
        added.fd = mkstemp(added.path);
    }
    if (added.fd >= 0 && !fchmod(added.fd, 0666 & ~mask)) {
        set[used++] = added;
    } else {
        ub_error(err, err_size, "%s: cannot be written (%s)", path, strerror(errno));
        if (added.fd >= 0) {
            unlink(added.path);
            close(added.fd);
            added.fd = -1;
        }
        free(added.path);
        free(added.target);
    }
    end_change();
    return added.fd;
}

/// Empty the set, removing what still has its hidden name
static void
clear(void)
{
    for (unsigned i = 0; i < used; ++i) {
        if (set[i].fd >= 0) {
            close(set[i].fd);
        }
        if (set[i].path) {
            unlink(set[i].path);
        }
        free(set[i].path);
        free(set[i].target);
        free(set[i].kept);
    }
    used = 0;
}

/// Everything on disk and closed, so that no write can fail after the rename
static bool
settle(char* err, size_t err_size)
{
    for (unsigned i = 0; i < used; ++i) {
        const bool synced = !fsync(set[i].fd) || errno == EINVAL;
        const bool closed = !close(set[i].fd);
        set[i].fd = -1;
        if (!synced || !closed) {
            return ub_error(err, err_size, "%s: cannot be written (%s)", set[i].target,
                            strerror(errno));
        }
    }
    return true;
}

/// Give the file that is in the place a second name, or where a file can have but one, another
static bool
keep_old(aside* self)
{
    struct stat old;
    if (lstat(self->target, &old)) {
        return errno == ENOENT;
    }
    if (S_ISDIR(old.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (asprintf(&self->kept, "%s~", self->path) < 0) {
        self->kept = NULL;
        return false;
    }
    if (link(self->target, self->kept) && rename(self->target, self->kept)) {
        free(self->kept);
        self->kept = NULL;
        return false;
    }
    return true;
}

static bool
put_in_place(aside* self, char* err, size_t err_size)
{
    if (!keep_old(self) || rename(self->path, self->target)) {
        return ub_error(err, err_size, "%s: cannot be put in place (%s)", self->target,
                        strerror(errno));
    }
    free(self->path);
    self->path = NULL;
    return true;
}

/// Undo that, or what was done of it
static void
put_back(const aside* self, char* err, size_t err_size)
{
    if (!self->kept) {
        if (!self->path) {
            unlink(self->target);
        }
    } else if (rename(self->kept, self->target)) {
        ub_error(err, err_size, "%s: cannot be put back (%s): it is now %s", self->target,
                 strerror(errno), self->kept);
    } else {
        unlink(self->kept); // Of two names of one file, rename takes none away
    }
}

bool
ub_aside_commit(char* err, size_t err_size)
{
    bool ok = settle(err, err_size);
    unsigned n = 0;
    begin_change();
    while (ok && n < used) {
        ok = put_in_place(&set[n++], err, err_size);
    }
    for (unsigned i = 0; i < n; ++i) {
        if (!ok) {
            put_back(&set[i], err, err_size);
        } else if (set[i].kept) {
            unlink(set[i].kept);
        }
    }
    clear();
    end_change();
    return ok;
}

void
ub_aside_drop(void)
{
    begin_change();
    clear();
    end_change();
}

int
ub_aside_scratch(char* err, size_t err_size)
{
    const char* const dirs[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    int fd = -1;
    for (size_t i = 0; fd < 0 && i < sizeof(dirs) / sizeof(*dirs); ++i) {
        char path[4096];
        if (!dirs[i] || !*dirs[i] ||
            snprintf(path, sizeof(path), "%s/unbraid.XXXXXX", dirs[i]) >= (int)sizeof(path)) {
            continue;
        }
        begin_change();
        fd = mkstemp(path);
        if (fd >= 0) {
            unlink(path);
        }
        end_change();
    }
    if (fd < 0) {
        ub_error(err, err_size, "no room for a temporary file (%s; set TMPDIR)", strerror(errno));
    }
    return fd;
}
