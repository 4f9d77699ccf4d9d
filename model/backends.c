// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend.h"
#include "model/backend_onednn.h"
#include "model/backend_openblas.h"
#include "model/backend_reference.h"
#include "model/error.h"

#include <stdio.h>
#include <string.h>

/*
  bfloat16 comes first where the processor has matrix units for it (AMX): the
  24-filter chunk took 15 ms there, against 51 ms in single precision, and the
  mask kept 50 dB and more.  With vector instructions for it alone, the gain
  depends on the processor, and precision wins.
*/
const ub_backend* const*
ub_backends(void)
{
    static const ub_backend* const with_matrices[] = {&ub_backend_onednn_bf16, &ub_backend_onednn,
                                                      &ub_backend_openblas, &ub_backend_reference,
                                                      NULL};
    static const ub_backend* const without[] = {&ub_backend_onednn, &ub_backend_onednn_bf16,
                                                &ub_backend_openblas, &ub_backend_reference, NULL};
    return ub_onednn_bf16_is_fast() ? with_matrices : without;
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

const ub_backend*
ub_backend_find(const char* name, char* err, size_t err_size)
{
    const bool best = !name || !strcmp(name, "auto");
    for (const ub_backend* const* b = ub_backends(); *b; ++b) {
        if ((best || !strcmp(name, (*b)->name)) && (*b)->available()) {
            return *b;
        }
    }
    char names[128] = "";
    list_names(names, sizeof(names));
    ub_error(err, err_size, "backend %s: not known or not available here (expected auto%s)",
             best ? "auto" : name, names);
    return NULL;
}
