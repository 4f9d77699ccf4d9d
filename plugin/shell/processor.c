// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/shell/processor.h"

#include <stdio.h>
#include <string.h>

ub_engine*
ub_choose_engine(ub_processor processor, const ub_host* host, char* err, size_t err_size)
{
    static const char* const names[UB_PROCESSORS] = {"auto", "cpu", "gpu"};
    ub_engine* engine = ub_engine_shared(names[processor], err, err_size);
    if (!engine && processor != UB_AUTO) {
        char why[512];
        char line[640];
        snprintf(why, sizeof(why), "%s", err);
        engine = ub_engine_shared(names[UB_AUTO], err, err_size);
        if (engine) {
            snprintf(line, sizeof(line), "%s; %s computes", why, ub_engine_backend(engine)->name);
            ub_host_say(host, line);
        }
    }
    return engine;
}

int
ub_status_of(const char* backend)
{
    int status = 1;
    while (status < UB_STATUSES && strcmp(backend, ub_status_backend[status])) {
        ++status;
    }
    return status;
}
