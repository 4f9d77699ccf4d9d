// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/file/json.h"

#include "model/file/error.h"

#include <stdio.h>
#include <string.h>

static void
fail(ub_json* json, const char* where, const char* key, const char* expected)
{
    if (json->ok) {
        json->ok = ub_error(json->err, json->err_size, "%s%s%.64s: wrong value (expected %s)",
                            where, *where && *key ? "." : "", key, expected);
    }
}

static bool
is_one_of(const char* word, const char* const* words)
{
    while (*words && strcmp(word, *words)) {
        ++words;
    }
    return *words;
}

bool
ub_json_object(ub_json* json, const json_t* value, const char* where, const char* const* keys)
{
    if (!json_is_object(value)) {
        fail(json, where, "", "an object");
        return false;
    }
    const char* key = NULL;
    const json_t* member = NULL;
    json_object_foreach((json_t*)value, key, member)
    {
        if (!is_one_of(key, keys)) {
            fail(json, where, key, "no such key");
        }
    }
    for (; *keys; ++keys) {
        if (!json_object_get(value, *keys)) {
            fail(json, where, *keys, "a value, there is none");
        }
    }
    return json->ok;
}

static double
number(ub_json* json, const json_t* value, const char* where, const char* key, double min,
       double max, bool whole)
{
    const double x = json_number_value(value);
    if ((whole ? json_is_integer(value) : json_is_number(value)) && x >= min && x <= max) {
        return json->ok ? x : 0.0;
    }
    char expected[80];
    snprintf(expected, sizeof(expected), "a %snumber from %.10g to %.10g", whole ? "whole " : "",
             min, max);
    fail(json, where, key, expected);
    return 0.0;
}

double
ub_json_number(ub_json* json, const json_t* object, const char* where, const char* key, double min,
               double max)
{
    return number(json, json_object_get(object, key), where, key, min, max, false);
}

uint32_t
ub_json_uint(ub_json* json, const json_t* object, const char* where, const char* key, uint32_t min,
             uint32_t max)
{
    return (uint32_t)number(json, json_object_get(object, key), where, key, min, max, true);
}

bool
ub_json_bool(ub_json* json, const json_t* object, const char* where, const char* key)
{
    const json_t* value = json_object_get(object, key);
    if (!json_is_boolean(value)) {
        fail(json, where, key, "true or false");
    }
    return json->ok && json_is_true(value);
}

static void
two(ub_json* json, const json_t* value, const char* where, const char* key, uint32_t* pair,
    uint32_t min, uint32_t max)
{
    if (json_array_size(value) != 2) {
        fail(json, where, key, "two numbers");
    }
    for (size_t i = 0; i < 2; ++i) {
        const json_t* item = json_array_get(value, i);
        pair[i] = json->ok ? (uint32_t)number(json, item, where, key, min, max, true) : 0;
    }
}

void
ub_json_pair(ub_json* json, const json_t* object, const char* where, const char* key,
             uint32_t* pair, uint32_t min, uint32_t max)
{
    two(json, json_object_get(object, key), where, key, pair, min, max);
}

void
ub_json_pairs(ub_json* json, const json_t* object, const char* where, const char* key,
              uint32_t pairs[2][2], uint32_t min, uint32_t max)
{
    const json_t* value = json_object_get(object, key);
    if (json_array_size(value) != 2) {
        fail(json, where, key, "two pairs of numbers");
    }
    for (size_t i = 0; i < 2; ++i) {
        two(json, json_array_get(value, i), where, key, pairs[i], min, max);
    }
}

unsigned
ub_json_word(ub_json* json, const json_t* object, const char* where, const char* key,
             const char* const* words)
{
    const char* word = json_string_value(json_object_get(object, key));
    char expected[160] = "one of";
    size_t used = strlen(expected);
    for (unsigned i = 0; words[i]; ++i) {
        if (word && !strcmp(word, words[i])) {
            return json->ok ? i : 0;
        }
        const int n = snprintf(expected + used, sizeof(expected) - used, " \"%s\"", words[i]);
        used += (size_t)n < sizeof(expected) - used ? (size_t)n : 0;
    }
    fail(json, where, key, expected);
    return 0;
}

const json_t*
ub_json_array(ub_json* json, const json_t* object, const char* where, const char* key, size_t min,
              size_t max)
{
    const json_t* value = json_object_get(object, key);
    const size_t n = json_array_size(value);
    if (json_is_array(value) && n >= min && n <= max) {
        return json->ok ? value : NULL;
    }
    char expected[64];
    snprintf(expected, sizeof(expected), "an array of %zu to %zu values", min, max);
    fail(json, where, key, expected);
    return NULL;
}
