// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_FILE_ENVIRONMENT_H
#define UB_MODEL_FILE_ENVIRONMENT_H

/**
   @file
   What the environment says, as it was when this program, or the plugin that this is part of,
   was loaded.  A host may change its environment at any moment, on any thread, which nobody else
   can read it beside: so it is read once, by the thread that loads.
*/

typedef enum {
    UB_ENV_BACKEND,      ///< UNBRAID_BACKEND
    UB_ENV_CPU,          ///< UNBRAID_CPU
    UB_ENV_CUDA_LIBRARY, ///< UNBRAID_CUDA_LIBRARY
    UB_ENV_CUDA_CONV,    ///< UNBRAID_CUDA_CONV
    UB_ENV_CUDA_UP,      ///< UNBRAID_CUDA_UP
    UB_ENV_HOME,         ///< HOME
    UB_ENV_DATA_HOME,    ///< XDG_DATA_HOME
    UB_ENV_VARIABLES
} ub_variable;

/// A variable's value, or NULL if it is not set or empty.  Any thread.
const char* ub_environment(ub_variable variable);

/// Read it again.  For tests, which change it.
void ub_environment_read(void);

#endif // UB_MODEL_FILE_ENVIRONMENT_H
