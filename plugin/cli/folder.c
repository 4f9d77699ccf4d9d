// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool
ub_folder_make(const char* path)
{
    char* part = strdup(path);
    bool made = part;
    for (char* slash = part; made && slash;) {
        slash = strchr(slash + strspn(slash, "/"), '/');
        if (slash) {
            *slash = '\0';
        }
        made = !mkdir(part, 0777) || errno == EEXIST;
        if (slash) {
            *slash = '/';
        }
    }
    free(part);
    return made;
}
