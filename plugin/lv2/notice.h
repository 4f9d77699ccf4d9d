// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_NOTICE_H
#define UB_PLUGIN_LV2_NOTICE_H

/**
   @file
   The last line that was said to people, for a window to show: from any thread to the audio
   thread, which never waits for it.
*/

#include <pthread.h>
#include <stdbool.h>

typedef struct {
    pthread_mutex_t lock;
    char line[240];
} ub_notice;

void ub_notice_init(ub_notice* notice);
void ub_notice_destroy(ub_notice* notice);

/// Keep a line.  Not on the audio thread.
void ub_notice_put(ub_notice* notice, const char* line);

/// Copy what was kept since this was last asked, "" if nothing was, [240].  False, and to be
/// tried again, while another thread is at it.  Real-time safe.
bool ub_notice_take(ub_notice* notice, char line[240]);

#endif // UB_PLUGIN_LV2_NOTICE_H
