// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2/notice.h"

#include <stdio.h>
#include <string.h>

void
ub_notice_init(ub_notice* notice)
{
    pthread_mutex_init(&notice->lock, NULL);
}

void
ub_notice_destroy(ub_notice* notice)
{
    pthread_mutex_destroy(&notice->lock);
}

void
ub_notice_put(ub_notice* notice, const char* line)
{
    pthread_mutex_lock(&notice->lock);
    snprintf(notice->line, sizeof(notice->line), "%s", line);
    pthread_mutex_unlock(&notice->lock);
}

bool
ub_notice_take(ub_notice* notice, char line[240])
{
    if (pthread_mutex_trylock(&notice->lock)) {
        return false;
    }
    memcpy(line, notice->line, sizeof(notice->line));
    notice->line[0] = '\0';
    pthread_mutex_unlock(&notice->lock);
    return true;
}
