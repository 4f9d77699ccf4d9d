// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/backend.h"
#include "model/backend/cuda/cuda.h"
#include "model/backend/native/native.h"
#include "model/backend/reference/reference.h"
#include "model/file/error.h"

#include <stdio.h>
#include <string.h>

/*
  Best first.  What computes is chosen by what is there and what was asked for, never by how long
  it takes (model/engine/lineup.c): the first device that is available, if it agrees with the
  processor, else the processor in single precision.  Single precision comes first of the devices'
  too: less of it is for who asks by name.
*/
const ub_backend* const*
ub_backends(void)
{
    static const ub_backend* const all[] = {&ub_backend_native,
                                            &ub_backend_cuda,
                                            &ub_backend_cuda_tf32,
                                            &ub_backend_cuda_bf16,
                                            &ub_backend_cuda_fp16,
                                            &ub_backend_reference,
                                            NULL};
    return all;
}

static void
list_names(char* names, size_t size)
{
    size_t at = 0;
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        if ((*b)->available()) {
            at += (size_t)snprintf(names + at, size - at, ", %s", (*b)->name);
            at = at < size ? at : size - 1;
        }
    }
}

/// Whether a name, or what it stands for, is a backend's
static bool
means(const char* name, const ub_backend* backend)
{
    return !name || !strcmp(name, "auto") || !strcmp(name, backend->name) ||
           (!strcmp(name, "cpu") && !backend->device) || (!strcmp(name, "gpu") && backend->device);
}

const ub_backend*
ub_backend_find(const char* name, char* err, size_t err_size)
{
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        if (means(name, *b) && (*b)->available()) {
            return *b;
        }
    }
    char names[128] = "";
    char why[UB_CUDA_TEXT] = "";
    list_names(names, sizeof(names));
    if (!strcmp(name, "gpu") || !strncmp(name, "cuda", 4)) {
        ub_cuda_list(why);
    }
    ub_error(err, err_size,
             "backend %s: not known or not available here (expected auto, cpu%s)%s%s", name, names,
             *why ? ": " : "", why);
    return NULL;
}
