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
  This is the order where nothing is measured.  An engine lets the first device that is
  available prove itself against the processor's single precision on a chunk, in speed and in
  what it computes (model/engine/contest.h), where nobody has said what to use.
  Single precision comes first of the devices' too, until one has shown what the others gain.
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
