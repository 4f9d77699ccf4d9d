// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Messages made up by libFuzzer, as the window takes them from a host.

    make fuzz && build/fuzz/tests/fuzz/fuzz_talk -max_len=2048 CORPUS

  Numbers of URIs are small here, so that they are soon found.
*/

#include "plugin/lv2/ui/talk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static LV2_URID
map_uri(LV2_URID_Map_Handle handle, const char* uri)
{
    static char known[64][96];
    (void)handle;
    for (LV2_URID i = 0; i < 64; ++i) {
        if (!known[i][0]) {
            strncpy(known[i], uri, sizeof(known[i]) - 1);
        }
        if (!strcmp(known[i], uri)) {
            return i + 1;
        }
    }
    abort();
}

static void
check_text(const char* text)
{
    if (text && strlen(text) > 4096) {
        abort();
    }
}

static void
check_report(const ub_report* report)
{
    for (int b = 0; b < UB_REPORT_BANDS; ++b) {
        if (!(report->mix[b] >= UB_REPORT_SILENCE && report->mix[b] <= 60.0f)) {
            abort();
        }
    }
    if (!isfinite(report->latency) || !isfinite(report->seconds)) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static ub_talk talk;
    LV2_URID_Map map = {NULL, map_uri};
    if (!talk.event_transfer) {
        ub_talk_init(&talk, &map, NULL, NULL, 0);
    }
    void* message = NULL; // as aligned as a host's, and no byte longer than it says
    if (!size || posix_memalign(&message, 8, size)) {
        return 0;
    }
    memcpy(message, data, size);
    ub_report report;
    const ub_talk_news news = ub_talk_read(&talk, (uint32_t)size, message, &report);
    check_text(news.model);
    check_text(news.sources);
    check_text(news.message);
    if (news.report) {
        check_report(&report);
    }
    free(message);
    return 0;
}
