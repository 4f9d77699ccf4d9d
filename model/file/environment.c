// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/file/environment.h"

#include <stdlib.h>
#include <string.h>

static const char* const names[UB_ENV_VARIABLES] = {
    [UB_ENV_BACKEND] = "UNBRAID_BACKEND",           [UB_ENV_CPU] = "UNBRAID_CPU",
    [UB_ENV_CUDA_LIBRARY] = "UNBRAID_CUDA_LIBRARY", [UB_ENV_CUDA_CONV] = "UNBRAID_CUDA_CONV",
    [UB_ENV_CUDA_UP] = "UNBRAID_CUDA_UP",           [UB_ENV_HOME] = "HOME",
    [UB_ENV_DATA_HOME] = "XDG_DATA_HOME",
};

static char* values[UB_ENV_VARIABLES];

void
ub_environment_read(void)
{
    for (int i = 0; i < UB_ENV_VARIABLES; ++i) {
        const char* value = getenv(names[i]);
        free(values[i]);
        values[i] = value && *value ? strdup(value) : NULL;
    }
}

__attribute__((constructor)) static void
read_at_load(void)
{
    ub_environment_read();
}

__attribute__((destructor)) static void
forget(void)
{
    for (int i = 0; i < UB_ENV_VARIABLES; ++i) {
        free(values[i]);
        values[i] = NULL;
    }
}

const char*
ub_environment(ub_variable variable)
{
    return values[variable];
}
