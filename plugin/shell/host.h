// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_HOST_H
#define UB_PLUGIN_SHELL_HOST_H

/**
   @file
   What a shell asks of the plugin format that it is in.
*/

typedef struct {
    void* handle; ///< First argument of the functions

    /// One line for people, without an end of line.  From any thread but the audio thread.
    void (*say)(void* handle, const char* line);

    /// Please deactivate and activate soon: the latency is to be another one then.  From any
    /// thread, in run() too.  NULL in a format that lets the latency change while it plays.
    void (*restart)(void* handle);
} ub_host;

static inline void
ub_host_say(const ub_host* host, const char* line)
{
    host->say(host->handle, line);
}

#endif // UB_PLUGIN_SHELL_HOST_H
