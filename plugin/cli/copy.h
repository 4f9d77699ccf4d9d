// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_COPY_H
#define UB_PLUGIN_CLI_COPY_H

/**
   @file
   Bytes from one descriptor to another.
*/

typedef enum { UB_COPIED, UB_NOT_READ, UB_NOT_WRITTEN } ub_copy_status;

/// Copy all that is left.  errno says why it could not be done.
ub_copy_status ub_copy(int from, int to);

#endif // UB_PLUGIN_CLI_COPY_H
