// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/file/safetensors.h"

#include "model/file/error.h"
#include "model/file/safetensors_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_HEADER  (8U << 20) ///< bytes
#define MAX_TENSORS 4096U

static const struct {
    const char* name;
    unsigned bytes;
    ub_dtype type;
} types[] = {{"F32", 4, UB_F32},        {"F16", 2, UB_F16},        {"BF16", 2, UB_BF16},
             {"F64", 8, UB_OTHER_TYPE}, {"I64", 8, UB_OTHER_TYPE}, {"I32", 4, UB_OTHER_TYPE},
             {"I16", 2, UB_OTHER_TYPE}, {"I8", 1, UB_OTHER_TYPE},  {"U64", 8, UB_OTHER_TYPE},
             {"U32", 4, UB_OTHER_TYPE}, {"U16", 2, UB_OTHER_TYPE}, {"U8", 1, UB_OTHER_TYPE},
             {"BOOL", 1, UB_OTHER_TYPE}};

bool
ub_safetensors_read_at(const ub_safetensors* file, void* buffer, size_t size, uint64_t offset)
{
    char* at = (char*)buffer;
    while (size) {
        const ssize_t n = pread(file->fd, at, size, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

/// A whole number from 0 to 2^53 that JSON holds exactly
static bool
read_whole(const json_t* value, uint64_t* out)
{
    const json_int_t n = json_integer_value(value);
    *out = (uint64_t)n;
    return json_is_integer(value) && n >= 0 && n <= (json_int_t)1 << 53;
}

static bool
read_shape(const json_t* shape, ub_tensor_entry* t, uint64_t* values)
{
    *values = 1;
    t->rank = json_array_size(shape);
    if (!json_is_array(shape) || t->rank > UB_TENSOR_RANK) {
        return false;
    }
    for (size_t i = 0; i < t->rank; ++i) {
        if (!read_whole(json_array_get(shape, i), &t->shape[i])) {
            return false;
        }
        if (t->shape[i] && *values > ((uint64_t)1 << 53) / t->shape[i]) {
            return false;
        }
        *values *= t->shape[i];
    }
    return true;
}

/// Fill in a tensor from its entry in the header; what is wrong with it, or NULL
static const char*
read_entry(const json_t* entry, ub_tensor_entry* t, uint64_t data_size)
{
    const json_t* offsets = json_object_get(entry, "data_offsets");
    t->type_name = json_string_value(json_object_get(entry, "dtype"));
    size_t type = 0;
    const size_t n_types = sizeof(types) / sizeof(types[0]);
    while (type < n_types && t->type_name && strcmp(t->type_name, types[type].name)) {
        ++type;
    }
    if (!t->type_name || type == n_types) {
        return "unknown dtype (expected F32, F16 or BF16)";
    }
    t->type = types[type].type;
    uint64_t values = 0;
    if (!read_shape(json_object_get(entry, "shape"), t, &values)) {
        return "wrong shape (expected up to 8 sizes)";
    }
    if (json_array_size(offsets) != 2 || !read_whole(json_array_get(offsets, 0), &t->begin) ||
        !read_whole(json_array_get(offsets, 1), &t->end) || t->begin > t->end) {
        return "wrong data_offsets (expected begin and end)";
    }
    if (t->end > data_size) {
        return "lies beyond the end of the file (is it truncated?)";
    }
    return t->end - t->begin == values * types[type].bytes
               ? NULL
               : "data_offsets do not fit dtype and shape";
}

static int
by_place(const void* a, const void* b)
{
    const ub_tensor_entry* const x = (const ub_tensor_entry*)a;
    const ub_tensor_entry* const y = (const ub_tensor_entry*)b;
    return x->begin != y->begin ? (x->begin > y->begin) - (x->begin < y->begin)
                                : (x->end > y->end) - (x->end < y->end);
}

/// Tensors must follow one another without gap or overlap up to the file's end
static bool
check_places(ub_safetensors* file, uint64_t data_size, char* err, size_t err_size)
{
    uint64_t at = 0;
    qsort(file->tensors, file->count, sizeof(ub_tensor_entry), by_place);
    for (size_t i = 0; i < file->count; ++i) {
        const ub_tensor_entry* t = &file->tensors[i];
        if (t->begin != at) {
            return ub_error(err, err_size, "%s: tensor %s begins at byte %llu (expected %llu)",
                            file->path, t->name, (unsigned long long)t->begin,
                            (unsigned long long)at);
        }
        at = t->end;
    }
    return at == data_size ||
           ub_error(err, err_size,
                    "%s: %llu bytes of tensors (expected %llu, the rest of the file)", file->path,
                    (unsigned long long)at, (unsigned long long)data_size);
}

static bool
read_tensors(ub_safetensors* file, uint64_t data_size, char* err, size_t err_size)
{
    const size_t n = json_object_size(file->header);
    if (n > MAX_TENSORS) {
        return ub_error(err, err_size, "%s: %zu tensors (expected at most %u)", file->path, n,
                        MAX_TENSORS);
    }
    file->tensors = (ub_tensor_entry*)calloc(n + 1, sizeof(ub_tensor_entry));
    if (!file->tensors) {
        return ub_error(err, err_size, "%s: out of memory", file->path);
    }
    const char* name = NULL;
    json_t* entry = NULL;
    json_object_foreach(file->header, name, entry)
    {
        if (!strcmp(name, "__metadata__")) {
            continue;
        }
        ub_tensor_entry* t = &file->tensors[file->count++];
        t->name = name;
        const char* wrong = read_entry(entry, t, data_size);
        if (wrong) {
            return ub_error(err, err_size, "%s: tensor %s: %s", file->path, name, wrong);
        }
    }
    return check_places(file, data_size, err, err_size);
}

/// Read and parse the header
static bool
read_header(ub_safetensors* file, char* err, size_t err_size)
{
    const uint64_t size = (uint64_t)file->stat.st_size;
    uint8_t head[8] = {0};
    if (size < sizeof(head) + 2 || !ub_safetensors_read_at(file, head, sizeof(head), 0)) {
        return ub_error(
            err, err_size,
            "%s: not a safetensors file, or truncated: %llu bytes (expected at least 10)",
            file->path, (unsigned long long)size);
    }
    uint64_t length = 0;
    for (int i = 7; i >= 0; --i) {
        length = length << 8 | head[i];
    }
    if (length < 2 || length > MAX_HEADER || length > size - 8) {
        return ub_error(err, err_size,
                        "%s: not a safetensors file, or truncated: header of %llu bytes (expected "
                        "2 to %llu)",
                        file->path, (unsigned long long)length,
                        (unsigned long long)(size - 8 < MAX_HEADER ? size - 8 : MAX_HEADER));
    }
    char* text = (char*)malloc(length);
    json_error_t why = {.text = "cannot be read"};
    if (text && ub_safetensors_read_at(file, text, length, 8)) {
        file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    }
    free(text);
    if (!json_is_object(file->header)) {
        return ub_error(err, err_size, "%s: not a safetensors file: header: %s (expected JSON)",
                        file->path, file->header ? "not an object" : why.text);
    }
    file->data = 8 + length;
    return read_tensors(file, size - file->data, err, err_size);
}

ub_safetensors*
ub_safetensors_open(const char* path, char* err, size_t err_size)
{
    ub_safetensors* file = (ub_safetensors*)calloc(1, sizeof(ub_safetensors));
    if (file) {
        file->fd = -1;
        file->path = strdup(path);
    }
    if (!file || !file->path) {
        ub_error(err, err_size, "%s: out of memory", path);
        ub_safetensors_close(file);
        return NULL;
    }
    bool ok = false;
    // A pipe or device must not block here
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &file->stat)) {
        ub_error(err, err_size, "%s: cannot be opened: %s", path, strerror(errno));
    } else if (!S_ISREG(file->stat.st_mode)) {
        ub_error(err, err_size, "%s: not a regular file (expected a .safetensors file)", path);
    } else {
        ok = read_header(file, err, err_size);
    }
    if (!ok) {
        ub_safetensors_close(file);
        file = NULL;
    }
    return file;
}

void
ub_safetensors_close(ub_safetensors* file)
{
    if (file) {
        if (file->fd >= 0) {
            close(file->fd);
        }
        json_decref(file->header);
        free(file->tensors);
        free(file->path);
        free(file);
    }
}

const struct stat*
ub_safetensors_stat(const ub_safetensors* file)
{
    return &file->stat;
}

const char*
ub_safetensors_metadata(const ub_safetensors* file, const char* key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

size_t
ub_safetensors_count(const ub_safetensors* file)
{
    return file->count;
}

const char*
ub_safetensors_name(const ub_safetensors* file, size_t index)
{
    return file->tensors[index].name;
}
