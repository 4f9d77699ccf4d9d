// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2/host.h"

#include <lv2/atom/atom.h>
#include <lv2/buf-size/buf-size.h>
#include <lv2/core/lv2_util.h>

#include <stdbool.h>

void
ub_lv2_host_init(ub_lv2_host* host, const LV2_Feature* const* features)
{
    host->map = (LV2_URID_Map*)lv2_features_data(features, LV2_URID__map);
    LV2_Log_Log* const log = (LV2_Log_Log*)lv2_features_data(features, LV2_LOG__log);
    lv2_log_logger_init(&host->log, host->map, host->map ? log : NULL);
}

void
ub_lv2_host_say(ub_lv2_host* host, const char* line)
{
    lv2_log_error(&host->log, "unbraid: %s\n", line);
}

uint32_t
ub_lv2_host_block(const ub_lv2_host* host, const LV2_Options_Option* options)
{
    LV2_URID_Map* const map = host->map;
    if (!map) {
        return 0;
    }
    const LV2_URID type = map->map(map->handle, LV2_ATOM__Int);
    const LV2_URID usual = map->map(map->handle, LV2_BUF_SIZE__nominalBlockLength);
    const LV2_URID most = map->map(map->handle, LV2_BUF_SIZE__maxBlockLength);
    uint32_t longest = 0;
    for (const LV2_Options_Option* o = options; o && (o->key || o->value); ++o) {
        const bool is_int = o->type == type && o->size == sizeof(int32_t) && o->value;
        const int32_t value = is_int ? *(const int32_t*)o->value : 0;
        if (o->key == usual && value > 0) {
            return (uint32_t)value; // and no look at what follows: Ardour 5 ends no list
        }
        if (o->key == most && value > 0) {
            longest = (uint32_t)value;
        }
    }
    return longest;
}
