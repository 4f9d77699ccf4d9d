// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_PROGRESS_H
#define UB_PLUGIN_CLI_PROGRESS_H

/**
   @file
   A progress bar with the time left, on standard error if that is a terminal; lines of
   plain text if it is one that cannot go back.
*/

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char* name;
    double rate;  ///< Samples a second
    double start; ///< As ub_now has it, s
    double shown; ///< When the bar was last drawn, likewise; 0: not yet
    int tenth;    ///< Last told in plain text
    bool on;      ///< Somebody can see it
    bool plain;   ///< In plain text
} ub_progress;

/// Begin; draws nothing unless wanted and on a terminal.
/// Begin, without a bar yet.
/// @param name The song's; must stay.
/// @param rate Samples a second of sound.
/// @param wanted False to never draw any.
void ub_progress_begin(ub_progress* self, const char* name, double rate, bool wanted);

/// Tell how many frames are done, and what part of all that is; redraws a few times a second.
/// Draw it anew, if it is time to.
/// @param done Samples that are done.
/// @param part Of the song that they are, 0 to 1.
void ub_progress_update(ub_progress* self, int64_t done, double part);

/// Take the bar away.
/// Take the bar away.
void ub_progress_end(ub_progress* self);

#endif // UB_PLUGIN_CLI_PROGRESS_H
