// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_HOST_RIG_H
#define UB_TESTS_HOST_RIG_H

/**
   @file
   A plugin instance in a test host, found by URI through lilv in LV2_PATH.
*/

#include <lilv/lilv.h>

#include <stdbool.h>
#include <stdint.h>

#define UB_RIG_PORTS    64
#define UB_RIG_CHANNELS 8
#define UB_RIG_MESSAGES 8192 ///< Bytes

typedef struct {
    const LilvPlugin* plugin;
    LilvInstance* instance;
    uint32_t ports;
    uint32_t ins;
    uint32_t outs;
    uint32_t in_port[UB_RIG_CHANNELS];         ///< Port index of each audio input
    uint32_t out_port[UB_RIG_CHANNELS];        ///< Port index of each audio output
    float control[UB_RIG_PORTS];               ///< Values of control ports, by port index
    uint32_t message_port[2];                  ///< Port index of messages in and out
    uint64_t messages[2][UB_RIG_MESSAGES / 8]; ///< Their atom sequences
    void (*enter)(void);                       ///< Called right before run(), may be NULL
    void (*leave)(void);                       ///< Called right after it, may be NULL
} ub_rig;

/// The world that all rigs share.  Loaded by the first call, never freed.
LilvWorld* ub_rig_world(void);

/// A plugin by URI, or NULL.
const LilvPlugin* ub_rig_find(const char* uri);

/// Instantiate with default settings, control ports connected, and activate.
/// @param features What the host offers, NULL for nothing.
/// @return False with a message on standard error.
bool ub_rig_open_with(ub_rig* self, const char* uri, double rate,
                      const LV2_Feature* const* features);

/// The same for a host that offers nothing.
bool ub_rig_open(ub_rig* self, const char* uri, double rate);
void ub_rig_close(ub_rig* self);

/// The value of a control port.  Ends the program if there is no such port.
float* ub_rig_control(ub_rig* self, const char* symbol);

/// Connect the audio ports and run n samples.  in[ins][n], out[outs][n].  The messages
/// to the plugin are those of this block; they are gone afterwards.
void ub_rig_run(ub_rig* self, float* const* in, float* const* out, uint32_t n);

#endif // UB_TESTS_HOST_RIG_H
