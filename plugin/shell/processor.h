// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_SHELL_PROCESSOR_H
#define UB_PLUGIN_SHELL_PROCESSOR_H

/**
   @file
   What the user wants the network to run on, and what it runs on.
*/

#include "model/engine/engine.h"
#include "plugin/shell/host.h"
#include "plugin/shell/parameters.h"

/// The shared engine for a choice, or the best there is, with a line to the host that says
/// why.  NULL if there is none at all, with a line in err.  Not real-time safe.
ub_engine* ub_choose_engine(ub_processor processor, const ub_host* host, char* err,
                            size_t err_size);

/// The value of the status for a backend.  Real-time safe.
int ub_status_of(const char* backend);

#endif // UB_PLUGIN_SHELL_PROCESSOR_H
