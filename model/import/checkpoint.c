// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/checkpoint.h"

#include "model/file/error.h"
#include "model/file/half.h"
#include "model/import/crc32c.h"
#include "model/import/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT32   1U                  ///< DT_FLOAT of types.proto
#define MOST      ((uint64_t)1 << 40) ///< Values in a tensor that are believed
#define FIELD_END UINT64_MAX

/// The next field's number, FIELD_END at the end of the message, 0 if it is damaged
static uint64_t
next_field(ub_bytes* message, ub_field* field)
{
    if (!message->size) {
        return FIELD_END;
    }
    return ub_take_field(message, field) ? field->number : 0;
}

/// BundleHeaderProto: one file of data, little endian
static bool
check_header(const ub_checkpoint* checkpoint, ub_bytes message, char* err, size_t err_size)
{
    uint64_t shards = 0;
    uint64_t big_endian = 0;
    uint64_t number = 0;
    ub_field field;
    while ((number = next_field(&message, &field)) != FIELD_END) {
        if (!number) {
            return ub_error(err, err_size, "%s: damaged: its header is", checkpoint->name);
        }
        shards = number == 1 ? field.value : shards;
        big_endian = number == 2 ? field.value : big_endian;
    }
    if (shards != 1 || big_endian) {
        return ub_error(err, err_size, "%s: data in %llu files, %s endian (expected 1, little)",
                        checkpoint->name, (unsigned long long)shards,
                        big_endian ? "big" : "little");
    }
    return true;
}

/// TensorShapeProto
static bool
read_shape(ub_bytes message, ub_checkpoint_tensor* tensor)
{
    ub_field field;
    ub_field inner;
    uint64_t number = 0;
    while ((number = next_field(&message, &field)) != FIELD_END) {
        if (number == 2) {
            if (tensor->rank == UB_TENSOR_RANK) {
                return false;
            }
            uint64_t* size = &tensor->shape[tensor->rank++];
            *size = 0;
            while ((number = next_field(&field.part, &inner)) != FIELD_END) {
                if (!number) {
                    return false;
                }
                *size = number == 1 ? inner.value : *size;
            }
        } else if (number == 3) {
            tensor->odd = tensor->odd || field.value;
        } else if (!number) {
            return false;
        }
    }
    return true;
}

/// BundleEntryProto: fill in a tensor, with its place in the data
static bool
read_entry(ub_bytes message, ub_checkpoint_tensor* tensor, uint64_t* offset, uint64_t* size)
{
    ub_field field;
    uint64_t number = 0;
    while ((number = next_field(&message, &field)) != FIELD_END) {
        switch (number) {
        case 0:
            return false;
        case 1:
            tensor->type = field.value;
            break;
        case 2:
            if (!read_shape(field.part, tensor)) {
                return false;
            }
            break;
        case 4:
            *offset = field.value;
            break;
        case 5:
            *size = field.value;
            break;
        case 6:
            tensor->crc = (uint32_t)field.value;
            break;
        case 3: // which file of data
        case 7: // slices
            tensor->odd = tensor->odd || field.value || field.part.size;
            break;
        default:
            break;
        }
    }
    return true;
}

/// Whether as many values as the shape says have that many bytes
static bool
fits(const ub_checkpoint_tensor* tensor, uint64_t size)
{
    uint64_t values = 1;
    for (size_t i = 0; i < tensor->rank; ++i) {
        if (tensor->shape[i] && values > MOST / tensor->shape[i]) {
            return false;
        }
        values *= tensor->shape[i];
    }
    return size == 4 * values;
}

static bool
add_tensor(ub_checkpoint* checkpoint, const char* name, ub_bytes message, char* err,
           size_t err_size)
{
    ub_bytes rest = checkpoint->data;
    ub_bytes skipped;
    uint64_t offset = 0;
    uint64_t size = 0;
    const size_t n = checkpoint->count;
    if (n % 64 == 0) {
        void* grown = realloc(checkpoint->tensors, (n + 64) * sizeof(ub_checkpoint_tensor));
        if (!grown) {
            return ub_error(err, err_size, "%s: out of memory", checkpoint->name);
        }
        checkpoint->tensors = (ub_checkpoint_tensor*)grown;
    }
    ub_checkpoint_tensor* tensor = &checkpoint->tensors[n];
    *tensor = (ub_checkpoint_tensor){.name = strdup(name)};
    if (!tensor->name) {
        return ub_error(err, err_size, "%s: out of memory", checkpoint->name);
    }
    ++checkpoint->count;
    if (!read_entry(message, tensor, &offset, &size)) {
        return ub_error(err, err_size, "%s: tensor %s: damaged: what is said of it",
                        checkpoint->name, name);
    }
    if (!ub_take_bytes(&rest, offset, &skipped) || !ub_take_bytes(&rest, size, &tensor->bytes)) {
        return ub_error(err, err_size,
                        "%s: tensor %s: lies beyond the end of the data (is it truncated?)",
                        checkpoint->name, name);
    }
    if (tensor->type == FLOAT32 && !tensor->odd && !fits(tensor, size)) {
        return ub_error(err, err_size, "%s: tensor %s: %llu bytes do not fit its shape",
                        checkpoint->name, name, (unsigned long long)size);
    }
    return true;
}

/** What is passed to each visit. */
typedef struct {
    ub_checkpoint* checkpoint;
    bool header; ///< Seen
} reading;

static bool
visit(void* context, const char* key, ub_bytes value, char* err, size_t err_size)
{
    reading* r = (reading*)context;
    r->header = r->header || !*key;
    return *key ? add_tensor(r->checkpoint, key, value, err, err_size)
                : check_header(r->checkpoint, value, err, err_size);
}

bool
ub_checkpoint_read(ub_checkpoint* checkpoint, const char* name, ub_bytes index, ub_bytes data,
                   char* err, size_t err_size)
{
    *checkpoint = (ub_checkpoint){.name = strdup(name), .data = data};
    if (!checkpoint->name) {
        return ub_error(err, err_size, "%s: out of memory", name);
    }
    reading r = {.checkpoint = checkpoint};
    return ub_table_visit(name, index, visit, &r, err, err_size) &&
           (r.header || ub_error(err, err_size, "%s: not a checkpoint's index: no header", name));
}

void
ub_checkpoint_free(ub_checkpoint* checkpoint)
{
    for (size_t i = 0; i < checkpoint->count; ++i) {
        free(checkpoint->tensors[i].name);
    }
    free(checkpoint->tensors);
    free(checkpoint->name);
    *checkpoint = (ub_checkpoint){0};
}

static int
compare(const void* key, const void* tensor)
{
    return strcmp((const char*)key, ((const ub_checkpoint_tensor*)tensor)->name);
}

const ub_checkpoint_tensor*
ub_checkpoint_find(const ub_checkpoint* checkpoint, const char* name)
{
    return checkpoint->count
               ? (const ub_checkpoint_tensor*)bsearch(name, checkpoint->tensors, checkpoint->count,
                                                      sizeof(ub_checkpoint_tensor), compare)
               : NULL;
}

/// Put "5x5x2x16" in text
static void
write_shape(const ub_checkpoint_tensor* tensor, char* text, size_t size)
{
    *text = '\0';
    for (size_t i = 0, n = 0; i < tensor->rank && n < size; ++i) {
        n += (size_t)snprintf(text + n, size - n, "%s%llu", i ? "x" : "",
                              (unsigned long long)tensor->shape[i]);
    }
}

static bool
check_tensor(const ub_checkpoint* checkpoint, const ub_checkpoint_tensor* tensor,
             const uint32_t* shape, size_t rank, char* err, size_t err_size)
{
    char is[UB_TENSOR_RANK * 21];
    char wanted[UB_TENSOR_RANK * 21];
    ub_checkpoint_tensor expected = {.rank = rank};
    for (size_t i = 0; i < rank; ++i) {
        expected.shape[i] = shape[i];
    }
    if (tensor->type != FLOAT32 || tensor->odd) {
        return ub_error(err, err_size,
                        "%s: tensor %s: type %llu%s (expected 1, 32-bit floats, in one piece)",
                        checkpoint->name, tensor->name, (unsigned long long)tensor->type,
                        tensor->odd ? " in pieces" : "");
    }
    if (tensor->rank != rank || memcmp(tensor->shape, expected.shape, rank * sizeof(uint64_t))) {
        write_shape(tensor, is, sizeof(is));
        write_shape(&expected, wanted, sizeof(wanted));
        return ub_error(err, err_size, "%s: tensor %s: shape %s (expected %s)", checkpoint->name,
                        tensor->name, is, wanted);
    }
    return true;
}

/// Read the values of a tensor that was checked
static bool
read_values(const ub_checkpoint* checkpoint, const ub_checkpoint_tensor* tensor, float* out,
            char* err, size_t err_size)
{
    if (ub_masked_crc32c(tensor->bytes) != tensor->crc) {
        return ub_error(err, err_size, "%s: tensor %s: damaged: its checksum differs",
                        checkpoint->name, tensor->name);
    }
    ub_bytes bytes = tensor->bytes;
    uint64_t bits = 0;
    for (size_t i = 0; ub_take_fixed(&bytes, 4, &bits); ++i) {
        out[i] = ub_float_from_bits((uint32_t)bits);
        if (!isfinite(out[i])) {
            return ub_error(err, err_size,
                            "%s: tensor %s: value %zu is %f (expected finite numbers)",
                            checkpoint->name, tensor->name, i, (double)out[i]);
        }
    }
    return true;
}

bool
ub_checkpoint_values(const ub_checkpoint* checkpoint, const char* name, const uint32_t* shape,
                     size_t rank, float* out, char* err, size_t err_size)
{
    const ub_checkpoint_tensor* tensor = ub_checkpoint_find(checkpoint, name);
    if (!tensor) {
        return ub_error(err, err_size, "%s: tensor %s is missing", checkpoint->name, name);
    }
    if (!check_tensor(checkpoint, tensor, shape, rank, err, err_size)) {
        return false;
    }
    return !out || read_values(checkpoint, tensor, out, err, err_size);
}
