// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/file/safetensors_write.h"

#include "model/file/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 16384U ///< Values converted at a time

/// Write bytes, all of them
static bool
put(const ub_safetensors_writer* writer, const void* bytes, size_t size, char* err, size_t err_size)
{
    const char* at = (const char*)bytes;
    while (size) {
        const ssize_t n = write(writer->fd, at, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ub_error(err, err_size, "%s: cannot be written (%s)", writer->name,
                            strerror(errno));
        }
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/// The header as text, padded with spaces to a multiple of 8 bytes; NULL without memory
static char*
make_header(const json_t* metadata, const ub_tensor_shape* tensors, size_t count, uint64_t* values)
{
    json_t* root = json_object();
    json_object_set(root, "__metadata__", (json_t*)metadata);
    *values = 0;
    for (size_t i = 0; i < count; ++i) {
        const uint64_t begin = *values;
        uint64_t n = 1;
        json_t* shape = json_array();
        for (size_t k = 0; k < tensors[i].rank; ++k) {
            n *= tensors[i].shape[k];
            json_array_append_new(shape, json_integer(tensors[i].shape[k]));
        }
        *values += n;
        json_object_set_new(root, tensors[i].name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape,
                                      "data_offsets", (json_int_t)(4 * begin),
                                      (json_int_t)(4 * *values)));
    }
    char* text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    const size_t length = text ? strlen(text) : 0;
    const size_t padded = (length + 7) / 8 * 8;
    char* header = text ? (char*)realloc(text, padded + 1) : NULL;
    if (!header) {
        free(text);
        return NULL;
    }
    memset(header + length, ' ', padded - length);
    header[padded] = '\0';
    return header;
}

bool
ub_safetensors_begin(ub_safetensors_writer* writer, int fd, const char* name,
                     const json_t* metadata, const ub_tensor_shape* tensors, size_t count,
                     char* err, size_t err_size)
{
    *writer = (ub_safetensors_writer){.fd = fd, .name = name};
    char* header = make_header(metadata, tensors, count, &writer->missing);
    if (!header) {
        return ub_error(err, err_size, "%s: out of memory", name);
    }
    const size_t length = strlen(header);
    uint8_t size[8];
    for (unsigned i = 0; i < sizeof(size); ++i) {
        size[i] = (uint8_t)((uint64_t)length >> 8 * i);
    }
    const bool ok = put(writer, size, sizeof(size), err, err_size) &&
                    put(writer, header, length, err, err_size);
    free(header);
    return ok;
}

bool
ub_safetensors_write(ub_safetensors_writer* writer, const float* values, size_t n, char* err,
                     size_t err_size)
{
    uint8_t bytes[4 * CHUNK];
    if (n > writer->missing) {
        return ub_error(err, err_size, "%s: more values than its tensors have", writer->name);
    }
    writer->missing -= n;
    while (n) {
        const size_t part = n < CHUNK ? n : CHUNK;
        for (size_t i = 0; i < part; ++i) {
            uint32_t bits = 0;
            memcpy(&bits, &values[i], sizeof(bits));
            for (unsigned k = 0; k < 4; ++k) {
                bytes[4 * i + k] = (uint8_t)(bits >> 8 * k);
            }
        }
        if (!put(writer, bytes, 4 * part, err, err_size)) {
            return false;
        }
        values += part;
        n -= part;
    }
    return true;
}

bool
ub_safetensors_end(const ub_safetensors_writer* writer, char* err, size_t err_size)
{
    return !writer->missing ||
           ub_error(err, err_size, "%s: %llu values fewer than its tensors have", writer->name,
                    (unsigned long long)writer->missing);
}
