// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_LV2_HOST_H
#define UB_PLUGIN_LV2_HOST_H

/**
   @file
   What the host offers: a log, a map of URIs, and what it says about itself.
*/

#include <lv2/core/lv2.h>
#include <lv2/log/logger.h>
#include <lv2/options/options.h>
#include <lv2/urid/urid.h>

#include <stdint.h>

typedef struct {
    LV2_URID_Map* map; ///< NULL if the host has none
    LV2_Log_Logger log;
} ub_lv2_host;

/// A host that cannot map message types gets messages on standard error.
void ub_lv2_host_init(ub_lv2_host* host, const LV2_Feature* const* features);

/// One line for people.  Not real-time safe.
void ub_lv2_host_say(ub_lv2_host* host, const char* line);

/// The block length that is usual, else the longest one there may be, samples; 0 if the
/// host's options, which may be NULL, say neither.
uint32_t ub_lv2_host_block(const ub_lv2_host* host, const LV2_Options_Option* options);

#endif // UB_PLUGIN_LV2_HOST_H
