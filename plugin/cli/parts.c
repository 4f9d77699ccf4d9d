// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/parts.h"

#include "model/file/error.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/// The bit of the source of that name of n letters, or 0
static uint32_t
find_source(const ub_network* net, const char* name, size_t n)
{
    for (unsigned i = 0; i < net->sources; ++i) {
        if (strlen(net->source[i]) == n && !strncasecmp(name, net->source[i], n)) {
            return 1u << i;
        }
    }
    return 0;
}

/// The bits of several, or 0 if one is none
static uint32_t
find_sources(const ub_network* net, const char* names)
{
    uint32_t found = 0;
    for (;;) {
        const size_t n = strcspn(names, "+");
        const uint32_t one = find_source(net, names, n);
        found |= one;
        if (!one || !names[n]) {
            return one ? found : 0;
        }
        names += n + 1;
    }
}

static void
set_name(const ub_network* net, ub_part* part)
{
    size_t n = (size_t)snprintf(part->name, sizeof(part->name), "%s", part->rest ? "no-" : "");
    const char* between = "";
    for (unsigned i = 0; i < net->sources; ++i) {
        if (part->sources & 1u << i) {
            n += (size_t)snprintf(part->name + n, sizeof(part->name) - n, "%s%s", between,
                                  net->source[i]);
            between = "+";
        }
    }
}

static bool
read_part(const ub_network* net, const char* name, bool remove, ub_part* part, char* err,
          size_t err_size)
{
    char names[UB_NET_SOURCES * (UB_NAME_SIZE + 2)] = "";
    *part = (ub_part){.sources = find_sources(net, name), .rest = remove};
    if (!part->sources && !strncasecmp(name, "no-", 3)) {
        *part = (ub_part){.sources = find_sources(net, name + 3), .rest = true};
    }
    if (part->sources) {
        set_name(net, part);
        return true;
    }
    for (unsigned i = 0; i < net->sources; ++i) {
        strcat(strcat(names, i ? ", " : ""), net->source[i]);
    }
    return ub_error(err, err_size, "-s %s: no such source (expected one of %s)", name, names);
}

static bool
is_there(const ub_parts* parts, const ub_part* part)
{
    for (unsigned i = 0; i < parts->n; ++i) {
        if (parts->at[i].sources == part->sources && parts->at[i].rest == part->rest) {
            return true;
        }
    }
    return false;
}

bool
ub_parts_read(const ub_network* net, const char* const* names, unsigned count, bool remove,
              ub_parts* parts, char* err, size_t err_size)
{
    parts->n = 0;
    for (unsigned i = 0; i < (count ? count : net->sources); ++i) {
        const char* name = count ? names[i] : net->source[i];
        ub_part part;
        if (!read_part(net, name, remove, &part, err, err_size)) {
            return false;
        }
        if (is_there(parts, &part)) {
            continue;
        }
        if (parts->n == UB_MAX_PARTS) {
            return ub_error(err, err_size, "-s %s: expected at most %d files", name, UB_MAX_PARTS);
        }
        parts->at[parts->n++] = part;
    }
    return true;
}
