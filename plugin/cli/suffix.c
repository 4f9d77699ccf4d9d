// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/suffix.h"

#include <libavformat/avformat.h>

#include <stdbool.h>
#include <string.h>

static bool
has_known_suffix(const char* name)
{
    void* at = NULL;
    for (const AVInputFormat* in = NULL; (in = av_demuxer_iterate(&at));) {
        if (in->extensions && av_match_ext(name, in->extensions)) {
            return true;
        }
    }
    at = NULL;
    for (const AVOutputFormat* out = NULL; (out = av_muxer_iterate(&at));) { // Some are there only
        if (out->extensions && av_match_ext(name, out->extensions)) {
            return true;
        }
    }
    return false;
}

size_t
ub_stem_length(const char* name)
{
    const char* dot = strrchr(name, '.');
    return dot && dot > name && has_known_suffix(name) ? (size_t)(dot - name) : strlen(name);
}
