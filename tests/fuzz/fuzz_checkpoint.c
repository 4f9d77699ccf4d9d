// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  TensorFlow checkpoints made up by libFuzzer.

    make fuzz && build/fuzz/tests/fuzz/fuzz_checkpoint -max_len=65536 CORPUS [SEEDS...]

  The input is an index; the data are zeros, with a value that is no number.  Checksums
  are all 0 here, so make zeros of a seed's own: of each block's, and of each tensor's.
*/

#include "model/import/crc32c.h"
#include "model/import/spleeter.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static uint8_t values[1 << 16];

uint32_t
ub_masked_crc32c(ub_bytes bytes)
{
    (void)bytes;
    return 0;
}

static void
check_message(const char* err)
{
    if (strncmp(err, "name: ", 6) || strchr(err, '\n')) {
        abort();
    }
}

/// Read every tensor as what it says it is, and one as what it hardly is
static void
read_tensors(const ub_checkpoint* checkpoint)
{
    char err[256] = "";
    static float out[sizeof(values) / sizeof(float)];
    for (size_t i = 0; i < checkpoint->count; ++i) {
        const ub_checkpoint_tensor* tensor = &checkpoint->tensors[i];
        uint32_t shape[UB_TENSOR_RANK];
        for (size_t k = 0; k < tensor->rank; ++k) {
            shape[k] = (uint32_t)tensor->shape[k];
        }
        if (ub_checkpoint_find(checkpoint, tensor->name) != tensor) {
            abort();
        }
        if (!ub_checkpoint_values(checkpoint, tensor->name, shape, tensor->rank, out, err,
                                  sizeof(err))) {
            check_message(err);
        }
        if (!ub_checkpoint_values(checkpoint, tensor->name, (const uint32_t[]){3, 5}, 2, out, err,
                                  sizeof(err))) {
            check_message(err);
        }
    }
}

static void
recognise(const ub_checkpoint* checkpoint)
{
    char err[256] = "";
    ub_spleeter spleeter;
    static ub_spleeter_tensor tensors[UB_SPLEETER_TENSORS];
    const ub_import_options options = {.bins = 1024, .above = "nearest"};
    if (!ub_spleeter_recognise(checkpoint, &spleeter, err, sizeof(err))) {
        check_message(err);
        return;
    }
    const size_t n = ub_spleeter_tensors(&spleeter, tensors);
    for (size_t i = 0; i < n; ++i) {
        const uint32_t* s = tensors[i].shape;
        const uint32_t stored[4] = {tensors[i].rank == 1 ? s[0] : s[2], s[3], s[1], s[0]};
        if (!ub_checkpoint_values(checkpoint, tensors[i].from, stored, tensors[i].rank, NULL, err,
                                  sizeof(err))) {
            check_message(err);
        }
    }
    json_decref(ub_spleeter_network(&spleeter, &options));
    json_decref(ub_spleeter_card(&spleeter, false));
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    char err[256] = "";
    ub_checkpoint checkpoint;
    memset(values + 400, 0xFF, 4);
    if (ub_checkpoint_read(&checkpoint, "name", (ub_bytes){data, size},
                           (ub_bytes){values, sizeof(values)}, err, sizeof(err))) {
        read_tensors(&checkpoint);
        recognise(&checkpoint);
    } else {
        check_message(err);
    }
    ub_checkpoint_free(&checkpoint);
    return 0;
}
