// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_STANDARD_H
#define UB_PLUGIN_CLI_STANDARD_H

/**
   @file
   Standard input, output and error.
*/

#include <stdbool.h>

/// Take the places of those that are closed, so that no song or stem gets their numbers: to use
/// them still fails.  Call before anything is opened.
void ub_standard_hold(void);

/// Have standard output written.  False, with a line on standard error, if it has not all been:
/// whoever reads it must not take half of it for all.
bool ub_standard_flush(void);

#endif // UB_PLUGIN_CLI_STANDARD_H
