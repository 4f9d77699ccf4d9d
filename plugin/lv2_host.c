// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/lv2_host.h"

#include <lv2/atom/atom.h>
#include <lv2/buf-size/buf-size.h>
#include <lv2/core/lv2_util.h>
#include <lv2/options/options.h>

void ub_host_init(ub_host* host, const LV2_Feature* const* features)
{
    host->map = (LV2_URID_Map*)lv2_features_data(features, LV2_URID__map);
    LV2_Log_Log* const log = (LV2_Log_Log*)lv2_features_data(features, LV2_LOG__log);
    lv2_log_logger_init(&host->log, host->map, host->map ? log : NULL);
}

void ub_host_say(ub_host* host, const char* line)
{
    lv2_log_error(&host->log, "unbraid: %s\n", line);
}

static uint32_t int_option(const LV2_Options_Option* options, LV2_URID key, LV2_URID type)
{
    for (const LV2_Options_Option* o = options; o && (o->key || o->value); ++o) {
        if (o->key == key && o->type == type && o->size == sizeof(int32_t) && o->value) {
            const int32_t value = *(const int32_t*)o->value;
            return value > 0 ? (uint32_t)value : 0;
        }
    }
    return 0;
}

uint32_t ub_host_block(const ub_host* host, const LV2_Feature* const* features)
{
    const LV2_Options_Option* const options =
        (const LV2_Options_Option*)lv2_features_data(features, LV2_OPTIONS__options);
    if (!options || !host->map) {
        return 0;
    }
    LV2_URID_Map* const map = host->map;
    const LV2_URID type = map->map(map->handle, LV2_ATOM__Int);
    const uint32_t usual =
        int_option(options, map->map(map->handle, LV2_BUF_SIZE__nominalBlockLength), type);
    return usual ? usual
                 : int_option(options, map->map(map->handle, LV2_BUF_SIZE__maxBlockLength), type);
}
