// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "gui/browse.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".safetensors"

static bool
is_weights(const char* name)
{
    const size_t n = strlen(name);
    return n > strlen(SUFFIX) && !strcmp(name + n - strlen(SUFFIX), SUFFIX);
}

static bool
join(const char* folder, const char* name, char* path, size_t size)
{
    const char* const between = folder[strlen(folder) - 1] == '/' ? "" : "/";
    const int n = snprintf(path, size, "%s%s%s", folder, between, name);
    return n > 0 && (size_t)n < size;
}

/// Folders first, then by name
static int
compare(const void* a, const void* b)
{
    const ub_browse_entry* const x = (const ub_browse_entry*)a;
    const ub_browse_entry* const y = (const ub_browse_entry*)b;
    return x->folder != y->folder ? (int)y->folder - (int)x->folder : strcmp(x->name, y->name);
}

/// False if the entry is of no use
static bool
take(const char* folder, const char* name, ub_browse_entry* entry)
{
    char path[2048];
    struct stat is;
    if (name[0] == '.' || strlen(name) >= sizeof(entry->name) ||
        !join(folder, name, path, sizeof(path)) || stat(path, &is)) {
        return false;
    }
    entry->folder = S_ISDIR(is.st_mode);
    memcpy(entry->name, name, strlen(name) + 1);
    return entry->folder || (S_ISREG(is.st_mode) && is_weights(name));
}

bool
ub_browse_open(ub_browse* browse, const char* folder)
{
    DIR* const dir = strlen(folder) < sizeof(browse->folder) ? opendir(folder) : NULL;
    ub_browse_entry* const entries =
        dir ? (ub_browse_entry*)calloc(UB_BROWSE_ENTRIES, sizeof(ub_browse_entry)) : NULL;
    if (!entries) {
        if (dir) {
            closedir(dir);
        }
        return false;
    }
    uint32_t n = 0;
    bool more = false;
    for (const struct dirent* d; (d = readdir(dir));) {
        ub_browse_entry entry;
        if (take(folder, d->d_name, &entry)) {
            more = more || n == UB_BROWSE_ENTRIES;
            if (n < UB_BROWSE_ENTRIES) {
                entries[n++] = entry;
            }
        }
    }
    closedir(dir);
    qsort(entries, n, sizeof(*entries), compare);
    char name[sizeof(browse->folder)];
    snprintf(name, sizeof(name), "%s", folder); // it may be browse's own
    ub_browse_close(browse);
    memcpy(browse->folder, name, sizeof(name));
    browse->entry = entries;
    browse->entries = n;
    browse->more = more;
    return true;
}

void
ub_browse_up(ub_browse* browse)
{
    char above[sizeof(browse->folder)];
    snprintf(above, sizeof(above), "%s", browse->folder);
    char* const slash = strrchr(above, '/');
    if (slash) {
        slash[slash == above ? 1 : 0] = '\0';
        ub_browse_open(browse, above);
    }
}

bool
ub_browse_path(const ub_browse* browse, uint32_t i, char* path, uint32_t size)
{
    return i < browse->entries && join(browse->folder, browse->entry[i].name, path, size);
}

void
ub_browse_close(ub_browse* browse)
{
    free(browse->entry);
    *browse = (ub_browse){.entry = NULL};
}
