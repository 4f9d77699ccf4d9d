// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/tags.h"

#include <libavutil/dict.h>

#include <stdlib.h>
#include <string.h>

static const struct {
    const char* name; ///< libavformat's
    int kind;         ///< libsndfile's
} texts[] = {
    {"title", SF_STR_TITLE},     {"artist", SF_STR_ARTIST},       {"album", SF_STR_ALBUM},
    {"date", SF_STR_DATE},       {"track", SF_STR_TRACKNUMBER},   {"genre", SF_STR_GENRE},
    {"comment", SF_STR_COMMENT}, {"copyright", SF_STR_COPYRIGHT},
};

static const char*
get(const AVDictionary* tags, const char* name)
{
    const AVDictionaryEntry* entry = av_dict_get(tags, name, NULL, 0);
    return entry && *entry->value ? entry->value : NULL;
}

/// As much as fits of the first there is; fields of that kind need no 0 at their end
static void
copy(char* to, size_t size, const AVDictionary* tags, const char* name, const char* other)
{
    const char* text = get(tags, name) ? get(tags, name) : get(tags, other);
    memcpy(to, text ? text : "", text ? strnlen(text, size) : 0);
}

/// EBU Tech 3285
static void
write_broadcast(const AVDictionary* tags, SNDFILE* file)
{
    const char* stamp = get(tags, "time_reference");
    if (!stamp) {
        return;
    }
    SF_BROADCAST_INFO info = {.version = 1};
    const unsigned long long samples = strtoull(stamp, NULL, 10);
    info.time_reference_low = (uint32_t)samples;
    info.time_reference_high = (uint32_t)(samples >> 32);
    // libavformat gives some of them names that other kinds of file have, too
    copy(info.description, sizeof(info.description), tags, "description", "comment");
    copy(info.originator, sizeof(info.originator), tags, "originator", "encoded_by");
    copy(info.originator_reference, sizeof(info.originator_reference), tags, "originator_reference",
         "");
    copy(info.origination_date, sizeof(info.origination_date), tags, "origination_date", "date");
    copy(info.origination_time, sizeof(info.origination_time), tags, "origination_time",
         "creation_time");
    copy(info.coding_history, sizeof(info.coding_history) - 1, tags, "coding_history", "");
    info.coding_history_size = (uint32_t)strlen(info.coding_history);
    sf_command(file, SFC_SET_BROADCAST_INFO, &info, sizeof(info));
}

void
ub_tags_write(const AVDictionary* tags, SNDFILE* file, int type)
{
    const int container = type & SF_FORMAT_TYPEMASK;
    if (container == SF_FORMAT_WAV || container == SF_FORMAT_RF64) {
        write_broadcast(tags, file);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); ++i) {
        const char* text = get(tags, texts[i].name);
        if (text) {
            sf_set_string(file, texts[i].kind, text);
        }
    }
}
