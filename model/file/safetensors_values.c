// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/file/error.h"
#include "model/file/half.h"
#include "model/file/safetensors_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHUNK 16384U ///< Values converted at a time

static bool
check_shape(const ub_safetensors* file, const ub_tensor_entry* t, const uint32_t* shape,
            size_t rank, char* err, size_t err_size)
{
    bool same = t->rank == rank;
    char is[128] = "";
    char wanted[128] = "";
    for (size_t i = 0, n = 0; i < t->rank; ++i) {
        n += (size_t)snprintf(is + n, sizeof(is) - n, "%s%llu", i ? "x" : "",
                              (unsigned long long)t->shape[i]);
        n = n < sizeof(is) ? n : sizeof(is) - 1;
    }
    for (size_t i = 0, n = 0; i < rank; ++i) {
        same = same && t->shape[i] == shape[i];
        n += (size_t)snprintf(wanted + n, sizeof(wanted) - n, "%s%u", i ? "x" : "", shape[i]);
        n = n < sizeof(wanted) ? n : sizeof(wanted) - 1;
    }
    return same || ub_error(err, err_size, "%s: tensor %s: shape %s (expected %s)", file->path,
                            t->name, is, wanted);
}

static void
convert(ub_dtype type, const uint8_t* bytes, size_t n, float* out)
{
    for (size_t i = 0; i < n; ++i) {
        if (type == UB_F32) {
            const uint8_t* b = bytes + 4 * i;
            out[i] = ub_float_from_bits((uint32_t)b[0] | (uint32_t)b[1] << 8 |
                                        (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
        } else {
            const uint16_t bits = (uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
            out[i] = type == UB_F16 ? ub_float_from_f16(bits) : ub_float_from_bf16(bits);
        }
    }
}

static bool
read_values(const ub_safetensors* file, const ub_tensor_entry* t, float* out, char* err,
            size_t err_size)
{
    const size_t bytes = t->type == UB_F32 ? 4 : 2;
    const uint64_t values = (t->end - t->begin) / bytes;
    uint8_t buffer[4 * CHUNK];
    for (uint64_t at = 0; at < values; at += CHUNK) {
        const size_t n = values - at < CHUNK ? (size_t)(values - at) : CHUNK;
        if (!ub_safetensors_read_at(file, buffer, n * bytes, file->data + t->begin + at * bytes)) {
            return ub_error(err, err_size, "%s: tensor %s: cannot be read", file->path, t->name);
        }
        convert(t->type, buffer, n, out + at);
        for (size_t i = 0; i < n; ++i) {
            if (!isfinite(out[at + i])) {
                return ub_error(
                    err, err_size, "%s: tensor %s: value %llu is %f (expected finite numbers)",
                    file->path, t->name, (unsigned long long)(at + i), (double)out[at + i]);
            }
        }
    }
    return true;
}

bool
ub_safetensors_read(const ub_safetensors* file, const char* name, const uint32_t* shape,
                    size_t rank, float* out, char* err, size_t err_size)
{
    const ub_tensor_entry* t = file->tensors;
    const ub_tensor_entry* const end = file->tensors + file->count;
    while (t < end && strcmp(t->name, name)) {
        ++t;
    }
    if (t == end) {
        return ub_error(err, err_size, "%s: tensor %s is missing", file->path, name);
    }
    if (t->type == UB_OTHER_TYPE) {
        return ub_error(err, err_size, "%s: tensor %s: dtype %s (expected F32, F16 or BF16)",
                        file->path, name, t->type_name);
    }
    return check_shape(file, t, shape, rank, err, err_size) &&
           (!out || read_values(file, t, out, err, err_size));
}
