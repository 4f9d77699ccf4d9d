// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TEST_CUTS_H
#define UB_TEST_CUTS_H

/**
   @file
   A network's description that ends too early.
*/

#include "model/network/network.h"

#include <stdlib.h>
#include <string.h>

/// How many of a description's first n characters are read without them all; an error without a
/// line counts as well
static inline size_t
ub_cuts_taken(const char* description, size_t n)
{
    size_t taken = 0;
    for (size_t i = 0; i < n; ++i) {
        char* cut = (char*)malloc(i + 1); // exactly as long, so that a sanitizer sees overruns
        memcpy(cut, description, i);
        ub_network net;
        char err[256] = "";
        taken += ub_network_parse(&net, cut, i, err, sizeof(err)) || !err[0];
        free(cut);
    }
    return taken;
}

#endif // UB_TEST_CUTS_H
