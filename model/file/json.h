// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_FILE_JSON_H
#define UB_MODEL_FILE_JSON_H

/**
   @file
   Strict reading of JSON values: every key known, every value in its range.

   The first error is kept in the reader and all later reads return 0 or NULL,
   so callers check `ok` once at the end.  `where` names the object in messages.
*/

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char* err;
    size_t err_size;
    bool ok;
} ub_json;

/// Check that a value is an object with exactly these keys (NULL at the end)
bool ub_json_object(ub_json* json, const json_t* value, const char* where, const char* const* keys);

/// A finite number from min to max
double ub_json_number(ub_json* json, const json_t* object, const char* where, const char* key,
                      double min, double max);

/// A whole number from min to max
uint32_t ub_json_uint(ub_json* json, const json_t* object, const char* where, const char* key,
                      uint32_t min, uint32_t max);

/// true or false
bool ub_json_bool(ub_json* json, const json_t* object, const char* where, const char* key);

/// Two whole numbers, [frames, bins]
void ub_json_pair(ub_json* json, const json_t* object, const char* where, const char* key,
                  uint32_t* pair, uint32_t min, uint32_t max);

/// Two times two whole numbers, [[before, after] frames, [before, after] bins]
void ub_json_pairs(ub_json* json, const json_t* object, const char* where, const char* key,
                   uint32_t pairs[2][2], uint32_t min, uint32_t max);

/// One of some words (NULL at the end), as its number
unsigned ub_json_word(ub_json* json, const json_t* object, const char* where, const char* key,
                      const char* const* words);

/// An array of min to max values
const json_t* ub_json_array(ub_json* json, const json_t* object, const char* where, const char* key,
                            size_t min, size_t max);

#endif // UB_MODEL_FILE_JSON_H
