// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "plugin/cli/card.h"

#include "plugin/cli/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SENTENCE 24 // Bytes; what is shorter is a word in a row of them

/// A text, with own terms in words also where a weights file has the mark that they once had
static void
put_text(const char* text, FILE* line)
{
    static const char own[] = "custom-allowed";
    for (const char* at = NULL; (at = strstr(text, own)); text = at + strlen(own)) {
        fprintf(line, "%.*sown terms", (int)(at - text), text);
    }
    fputs(text, line);
}

/// A value in one line: "a, b" for a list, "key value, ..." for an object
static void
flatten(const json_t* value, FILE* line)
{
    const char* key = NULL;
    json_t* item = NULL;
    size_t i = 0;
    size_t n = 0;
    if (json_is_string(value)) {
        put_text(json_string_value(value), line);
    } else if (json_is_number(value)) {
        fprintf(line, "%.6g", json_number_value(value));
    }
    json_array_foreach(value, i, item)
    {
        fputs(i ? ", " : "", line);
        flatten(item, line);
    }
    json_object_foreach((json_t*)value, key, item)
    {
        fprintf(line, "%s%s ", n++ ? ", " : "", key);
        flatten(item, line);
    }
}

static bool
holds_sentences(const json_t* value)
{
    json_t* item = NULL;
    size_t i = 0;
    json_array_foreach(value, i, item)
    {
        if (json_is_string(item) && json_string_length(item) > SENTENCE) {
            return true;
        }
    }
    return false;
}

/// Whether item i of a list is there before: sources may share a credit
static bool
is_again(const json_t* list, size_t i)
{
    size_t first = 0;
    while (!json_equal(json_array_get(list, first), json_array_get(list, i))) {
        ++first;
    }
    return first < i;
}

static void
print_value(const json_t* value, const char* indent, const char* key)
{
    char* text = NULL;
    size_t size = 0;
    FILE* line = open_memstream(&text, &size);
    if (!line) {
        return;
    }
    flatten(value, line);
    fclose(line);
    if (text && *text) {
        printf("%s%-11s ", indent, key);
        ub_text_wrap(stdout, text, (int)strlen(indent) + 12, ub_text_columns(STDOUT_FILENO));
    }
    free(text);
}

void
ub_print_card(const json_t* card, const char* const* keys, const char* indent)
{
    for (; *keys; ++keys) {
        const json_t* value = json_object_get(card, *keys);
        json_t* item = NULL;
        size_t i = 0;
        if (!holds_sentences(value)) {
            print_value(value, indent, *keys);
            continue;
        }
        json_array_foreach(value, i, item)
        {
            if (!is_again(value, i)) {
                print_value(item, indent, i ? "" : *keys);
            }
        }
    }
}
