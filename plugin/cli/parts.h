// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_PLUGIN_CLI_PARTS_H
#define UB_PLUGIN_CLI_PARTS_H

/**
   @file
   What a song is taken apart into.
*/

#include "dsp/separator.h"
#include "model/network/network.h"

#include <stdbool.h>
#include <stddef.h>

#define UB_MAX_PARTS UB_MAX_OUTPUTS

/** What one file holds: some sources together, or the song without them. */
typedef struct {
    char name[UB_NET_SOURCES * (UB_NAME_SIZE + 1) + 3]; ///< "vocals+drums", "no-bass"
    uint32_t sources;                                   ///< Bit s: the model's source s
    bool rest;
} ub_part;

typedef struct {
    ub_part at[UB_MAX_PARTS];
    unsigned n;
} ub_parts;

/**
   Read what was asked for.

   @param names [count], each a source, or several with "+" between them, with "no-" before
   for the song without; none for each source.
   @param remove "no-" for all.
   @return False with one line in err.  Each part is there once.
*/
bool ub_parts_read(const ub_network* net, const char* const* names, unsigned count, bool remove,
                   ub_parts* parts, char* err, size_t err_size);

#endif // UB_PLUGIN_CLI_PARTS_H
