// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   cli_checkpoint FOLDER NETWORKS [TENSOR]: a checkpoint as Spleeter's, of small
   networks, into a folder.  The tensor's first value is no number then.
*/

#include "tests/unit/make_checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void
save(const char* folder, const char* name, ub_test_buffer* file)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ub_test_save(path, file->bytes, file->size);
    free(file->bytes);
}

int
main(int argc, char** argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: cli_checkpoint FOLDER NETWORKS [TENSOR]\n");
        return 2;
    }
    ub_test_checkpoint* checkpoint = ub_test_spleeter((unsigned)atoi(argv[2]), 3);
    if (argc == 4) {
        ub_test_tensor_of(checkpoint, argv[3])->values[0] = NAN;
    }
    ub_test_buffer index;
    ub_test_buffer data;
    ub_test_write_checkpoint(checkpoint, &index, &data);
    save(argv[1], "model.index", &index);
    save(argv[1], "model.data-00000-of-00001", &data);
    ub_test_checkpoint_free(checkpoint);
    return 0;
}
