// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Weights files made up by libFuzzer.

    make fuzz && build/fuzz/tests/fuzz/fuzz_model -max_len=8192 CORPUS [SEEDS...]

  A byte of 0 first: the rest is a network description, of either version (tests/golden/NAME.json
  are some); else a whole file.
*/

#include "model/network/masks.h"
#include "model/network/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void
check_message(const char* err)
{
    if (!*err || strchr(err, '\n')) {
        abort();
    }
}

/// What is done with a description: every U-Net's steps, and what they have to compute
static void
lower(const ub_network* net)
{
    ub_pass passes[UB_MASK_PASSES];
    const float condition[UB_NET_SOURCES] = {0.5f, 1.0f};
    for (uint32_t u = 0; u < net->unets; ++u) {
        static ub_steps steps;
        ub_span needed[UB_MAX_IMAGES];
        ub_steps_make(&steps, net, &net->unet[u]);
        ub_steps_frames(&steps, (ub_span){net->frames - 1, 1}, needed);
        for (uint32_t i = 0; i < steps.images; ++i) {
            if (needed[i].first + needed[i].count > steps.image[i].size[0]) {
                abort();
            }
        }
    }
    for (int thorough = 0; thorough < 2; ++thorough) {
        for (uint32_t i = ub_mask_passes(net, thorough, condition, passes); i-- > 0;) {
            if (passes[i].unet >= net->unets) {
                abort();
            }
        }
    }
}

static void
fold(const ub_model* model)
{
    const float condition[UB_NET_SOURCES] = {1.0f};
    ub_folded* folded = ub_folded_new(model);
    for (uint32_t u = 0; folded && u < model->net.unets; ++u) {
        ub_fold(model, u, condition, folded);
    }
    ub_folded_free(folded);
}

static void
open_file(const uint8_t* data, size_t size)
{
    char err[256] = "";
    char path[64];
    const int fd = memfd_create("model", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size) {
        const ub_model* model = ub_model_open(path, err, sizeof(err));
        if (!model) {
            check_message(err);
        } else {
            lower(&model->net);
            fold(model);
            ub_model_unref(model);
        }
    }
    close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size && !data[0]) {
        char err[256] = "";
        static ub_network net;
        if (!ub_network_parse(&net, (const char*)data + 1, size - 1, err, sizeof(err))) {
            check_message(err);
        } else {
            lower(&net);
        }
    } else {
        open_file(data, size);
    }
    return 0;
}
