// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/card.h"

#include <stdio.h>
#include <string.h>

#define LINE 512

static void
append(char* line, const char* text)
{
    const size_t n = strlen(line);
    snprintf(line + n, LINE - n, "%s", text);
}

/// A card's value on one line: "a, b" for a list, "key value, ..." for an object
static void
flatten(const json_t* value, char* line)
{
    const char* key = NULL;
    json_t* item = NULL;
    size_t i = 0;
    size_t n = 0;
    char number[32] = "";
    if (json_is_string(value)) {
        append(line, json_string_value(value));
    } else if (json_is_number(value)) {
        snprintf(number, sizeof(number), "%.6g", json_number_value(value));
        append(line, number);
    }
    json_array_foreach(value, i, item)
    {
        append(line, i ? ", " : "");
        flatten(item, line);
    }
    json_object_foreach((json_t*)value, key, item)
    {
        append(line, n++ ? ", " : "");
        append(line, key);
        append(line, " ");
        flatten(item, line);
    }
}

void
ub_print_card(const json_t* card, const char* const* keys, const char* indent)
{
    for (; *keys; ++keys) {
        char line[LINE] = "";
        flatten(json_object_get(card, *keys), line);
        for (char* c = line; *c; ++c) {
            *c = (unsigned char)*c < 0x20 ? ' ' : *c;
        }
        if (*line) {
            printf("%s%-11s %s\n", indent, *keys, line);
        }
    }
}
