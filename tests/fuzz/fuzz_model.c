// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  Weights files made up by libFuzzer.

    clang -std=c11 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined \
        tests/fuzz/fuzz_model.c model/{error,fold,json,model,model_tensors}.c \
        model/network*.c model/safetensors*.c -ljansson -lm -o fuzz_model
    ./fuzz_model -max_len=8192 CORPUS

  A byte of 0 first: the rest is a network description; else a whole file.
*/

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
            const float condition[UB_NET_SOURCES] = {1.0f};
            ub_folded* folded = ub_folded_new(model);
            if (folded) {
                ub_fold(model, 0, condition, folded);
            }
            ub_folded_free(folded);
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
        ub_network net;
        if (!ub_network_parse(&net, (const char*)data + 1, size - 1, err, sizeof(err))) {
            check_message(err);
        }
    } else {
        open_file(data, size);
    }
    return 0;
}
