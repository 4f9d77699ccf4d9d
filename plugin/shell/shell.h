// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_SHELL_H
#define UB_PLUGIN_SHELL_SHELL_H

/**
   @file
   An instance of one of the plugins, for any plugin format: parameters, a model, audio.

   Threads: one at a time for all functions of a section, each section beside the others,
   but for new and free.
*/

#include "gui/report.h"
#include "plugin/shell/deck.h"
#include "plugin/shell/host.h"
#include "plugin/shell/parameters.h"

typedef struct {
    const ub_shape* shape; ///< Must stay
    const char* bundle;    ///< Path of the folder with the default model, copied
    double rate;           ///< Hz
    uint32_t block;        ///< Longest block that is usual, samples; 0 if that is not known
} ub_shell_config;

typedef struct ub_shell_s ub_shell;

/// Parameters have their defaults.  Without a model that can be used the mix is passed on.
/// @param host Copied; what its handle is must outlive the shell.
/// @return NULL on failure, which the host has been told.
ub_shell* ub_shell_new(const ub_shell_config* config, const ub_host* host);
void ub_shell_free(ub_shell* self);

// While it does not run

/// Forget all audio; what has been loaded last plays, with the response that is set.
void ub_shell_activate(ub_shell* self);

// The audio thread: real-time safe, but for a host that can be kept waiting

/// Set a parameter, from the next sample on.  Any value will do.
void ub_shell_set(ub_shell* self, ub_parameter parameter, float value);

/// A parameter's value; of an output, as of the last run.
float ub_shell_get(const ub_shell* self, ub_parameter parameter);

/// Order a model, "" for the bundle's own: it takes over once it is loaded.
void ub_shell_order(ub_shell* self, const char* path);

/**
   Run n samples.

   A host that freewheels, or is far ahead of real time, is kept waiting for masks and for
   models that were ordered.

   @param in For each of the shape's inputs, [n]; NULL is silence.
   @param out For each of its outputs, [n]; NULL is dropped.  All may be the same as any other.
*/
void ub_shell_run(ub_shell* self, const float* const* in, float* const* out, uint32_t n);

/// Samples by which the output lags the input, from activation on.
uint32_t ub_shell_latency(const ub_shell* self);

/// Path of the model that plays, "" without one.  Valid until the next run.
const char* ub_shell_playing(const ub_shell* self);

/// Its sources' names, parted by commas.  Valid until the next run.
const char* ub_shell_sources(const ub_shell* self);

/// Whether what plays has changed, or could not, since this was last asked.
bool ub_shell_changed(ub_shell* self);

/// Somebody watches: reports are made for two seconds.
void ub_shell_watch(ub_shell* self);

/// Take a report, if there is one.
bool ub_shell_report(ub_shell* self, ub_report* report);

// What a session keeps beside the parameters: the model.  Not on the audio thread.

/// Copy the path of the model to keep, "" for the bundle's own.
void ub_shell_save(ub_shell* self, char path[UB_PATH_SIZE]);

/// Load the model that was kept, "" for the bundle's own or where none was; it then waits to
/// take over.  False, which the host has been told, if it cannot be; it is kept all the same.
bool ub_shell_restore(ub_shell* self, const char* path);

/// The host's blocks are of another length from now on, samples.  False, which the host has
/// been told: things stay as they are.  Not on the audio thread.
bool ub_shell_set_block(ub_shell* self, uint32_t block);

#endif // UB_PLUGIN_SHELL_SHELL_H
