// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/unit/make_checkpoint.h"

#include "model/import/crc32c.h"
#include "tests/unit/make_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint32_t ub_test_spleeter_filters[6] = {2, 3, 4, 5, 6, 7};

void
ub_test_put(ub_test_buffer* buffer, const void* bytes, size_t size)
{
    if (buffer->room - buffer->size < size) {
        buffer->room = 2 * (buffer->size + size);
        buffer->bytes = (uint8_t*)realloc(buffer->bytes, buffer->room);
    }
    if (!buffer->bytes) {
        abort();
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

void
ub_test_save(const char* path, const void* bytes, size_t size)
{
    FILE* out = fopen(path, "wb");
    if (!out || fwrite(bytes, 1, size, out) != size || fclose(out)) {
        perror(path);
        abort();
    }
}

static void
put_fixed(ub_test_buffer* buffer, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; ++i) {
        ub_test_put(buffer, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
    }
}

static void
put_varint(ub_test_buffer* buffer, uint64_t value)
{
    for (; value > 127; value >>= 7) {
        put_fixed(buffer, (value & 127) | 128, 1);
    }
    put_fixed(buffer, value, 1);
}

/// A field of a message: a number, which is left out if it is 0, as protocol buffers do
static void
put_number(ub_test_buffer* message, unsigned field, uint64_t value)
{
    if (value) {
        put_varint(message, field << 3);
        put_varint(message, value);
    }
}

/// A field of a message: a message, which is freed
static void
put_message(ub_test_buffer* message, unsigned field, ub_test_buffer* part)
{
    put_varint(message, field << 3 | 2);
    put_varint(message, part->size);
    ub_test_put(message, part->size ? (const void*)part->bytes : "", part->size);
    free(part->bytes);
    *part = (ub_test_buffer){0};
}

static void
put_entry(ub_test_buffer* message, const ub_test_tensor* tensor, size_t offset)
{
    const size_t size = tensor->count * sizeof(float);
    ub_test_buffer shape = {0};
    for (size_t i = 0; i < tensor->rank; ++i) {
        ub_test_buffer dimension = {0};
        put_number(&dimension, 1, tensor->shape[i]);
        put_message(&shape, 2, &dimension);
    }
    put_number(message, 1, tensor->type);
    put_message(message, 2, &shape);
    put_number(message, 3, tensor->shard);
    put_number(message, 4, offset);
    put_number(message, 5, size + tensor->extra_size);
    put_varint(message, 6 << 3 | 5);
    put_fixed(
        message,
        ub_masked_crc32c((ub_bytes){(const uint8_t*)tensor->values, size}) + tensor->wrong_crc, 4);
    if (tensor->sliced) {
        ub_test_buffer slice = {0};
        put_number(&slice, 1, 1);
        put_message(message, 7, &slice);
    }
}

/** A block of a table that grows. */
typedef struct {
    ub_test_buffer bytes;
    ub_test_buffer restarts;
    unsigned entries;
    char key[64];
} block;

static void
put_in_block(block* b, const char* key, const void* value, size_t size)
{
    size_t shared = 0;
    if (b->entries % 16 == 0) {
        put_fixed(&b->restarts, b->bytes.size, 4);
    } else {
        while (key[shared] && key[shared] == b->key[shared]) {
            ++shared;
        }
    }
    ++b->entries;
    put_varint(&b->bytes, shared);
    put_varint(&b->bytes, strlen(key) - shared);
    put_varint(&b->bytes, size);
    ub_test_put(&b->bytes, key + shared, strlen(key) - shared);
    ub_test_put(&b->bytes, value, size);
    snprintf(b->key, sizeof(b->key), "%s", key);
}

/// Write a block to the file; place gets where it is
static void
end_block(block* b, uint8_t compress, ub_test_buffer* file, ub_test_buffer* place)
{
    put_varint(place, file->size);
    const uint64_t restarts = b->restarts.size / 4;
    if (restarts) {
        ub_test_put(&b->bytes, b->restarts.bytes, b->restarts.size);
    }
    put_fixed(&b->bytes, restarts, 4);
    put_varint(place, b->bytes.size);
    ub_test_put(&b->bytes, &compress, 1);
    put_fixed(&b->bytes, ub_masked_crc32c((ub_bytes){b->bytes.bytes, b->bytes.size}), 4);
    ub_test_put(file, b->bytes.bytes, b->bytes.size);
    free(b->bytes.bytes);
    free(b->restarts.bytes);
    *b = (block){0};
}

static void
end_indexed_block(block* b, uint8_t compress, ub_test_buffer* file, block* index)
{
    char key[64];
    ub_test_buffer place = {0};
    snprintf(key, sizeof(key), "%s", b->key);
    end_block(b, compress, file, &place);
    put_in_block(index, key, place.bytes, place.size);
    free(place.bytes);
}

static void
put_header(const ub_test_checkpoint* checkpoint, block* b)
{
    ub_test_buffer header = {0};
    ub_test_buffer version = {0};
    put_number(&header, 1, checkpoint->shards);
    put_number(&header, 2, checkpoint->endian);
    put_number(&version, 1, 1);
    put_message(&header, 3, &version);
    put_in_block(b, "", header.bytes, header.size);
    free(header.bytes);
}

static void
put_footer(ub_test_buffer* index, const ub_test_buffer* places)
{
    const char zeros[40] = "";
    ub_test_put(index, places->bytes, places->size);
    ub_test_put(index, zeros, sizeof(zeros) - places->size);
    put_fixed(index, 0xDB4775248B80FB57U, 8);
}

void
ub_test_write_checkpoint(ub_test_checkpoint* checkpoint, ub_test_buffer* index,
                         ub_test_buffer* data)
{
    block current = {0};
    block top = {0};
    block empty = {0};
    ub_test_buffer places = {0};
    *index = *data = (ub_test_buffer){0};
    if (!checkpoint->no_header) {
        put_header(checkpoint, &current);
    }
    for (size_t i = 0; i < checkpoint->count; ++i) {
        const ub_test_tensor* tensor = &checkpoint->tensor[i];
        ub_test_buffer message = {0};
        put_entry(&message, tensor, data->size);
        put_in_block(&current, tensor->name, message.bytes, message.size);
        free(message.bytes);
        ub_test_put(data, tensor->values, tensor->count * sizeof(float));
        if (current.bytes.size > 600) {
            end_indexed_block(&current, checkpoint->compress, index, &top);
        }
    }
    end_indexed_block(&current, checkpoint->compress, index, &top);
    end_block(&empty, 0, index, &places);
    end_block(&top, checkpoint->compress, index, &places);
    put_footer(index, &places);
    free(places.bytes);
}

ub_test_tensor*
ub_test_add_tensor(ub_test_checkpoint* checkpoint, const char* name, const uint32_t* shape,
                   size_t rank, uint64_t seed)
{
    ub_test_tensor* tensor = &checkpoint->tensor[checkpoint->count++];
    uint64_t state = ub_test_state(seed, name);
    snprintf(tensor->name, sizeof(tensor->name), "%s", name);
    tensor->type = 1;
    tensor->rank = rank;
    tensor->count = 1;
    for (size_t i = 0; i < rank; ++i) {
        tensor->shape[i] = shape[i];
        tensor->count *= shape[i];
    }
    tensor->values = (float*)calloc(tensor->count, sizeof(float));
    for (size_t i = 0; i < tensor->count; ++i) {
        const double x = ub_test_random(&state);
        tensor->values[i] = (float)(strstr(name, "variance") ? 1.0 + 0.5 * x : 0.4 * x);
    }
    return tensor;
}

ub_test_tensor*
ub_test_tensor_of(ub_test_checkpoint* checkpoint, const char* name)
{
    for (size_t i = 0; i < checkpoint->count; ++i) {
        if (!strcmp(checkpoint->tensor[i].name, name)) {
            return &checkpoint->tensor[i];
        }
    }
    fprintf(stderr, "%s is missing\n", name);
    abort();
}

static void
add(ub_test_checkpoint* checkpoint, const char* kind, unsigned number, const char* what,
    const uint32_t* shape, size_t rank, uint64_t seed)
{
    char name[64];
    if (number) {
        snprintf(name, sizeof(name), "%s_%u/%s", kind, number, what);
    } else {
        snprintf(name, sizeof(name), "%s/%s", kind, what);
    }
    ub_test_add_tensor(checkpoint, name, shape, rank, seed);
}

static void
add_norm(ub_test_checkpoint* checkpoint, unsigned number, uint32_t size, uint64_t seed)
{
    static const char* const parts[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    for (unsigned i = 0; i < 4; ++i) {
        add(checkpoint, "batch_normalization", number, parts[i], &size, 1, seed);
    }
}

static void
add_network(ub_test_checkpoint* checkpoint, unsigned k, uint64_t seed)
{
    const uint32_t* filters = ub_test_spleeter_filters;
    for (unsigned i = 0; i < 6; ++i) {
        const uint32_t down[4] = {5, 5, i ? filters[i - 1] : 2, filters[i]};
        const uint32_t out = i < 5 ? filters[4 - i] : 1;
        const uint32_t up[4] = {5, 5, out, i ? 2 * filters[5 - i] : filters[5]};
        add(checkpoint, "conv2d", 7 * k + i, "kernel", down, 4, seed);
        add(checkpoint, "conv2d", 7 * k + i, "bias", &filters[i], 1, seed);
        add(checkpoint, "conv2d_transpose", 6 * k + i, "kernel", up, 4, seed);
        add(checkpoint, "conv2d_transpose", 6 * k + i, "bias", &out, 1, seed);
        add_norm(checkpoint, 12 * k + i, filters[i], seed);
        add_norm(checkpoint, 12 * k + 6 + i, out, seed);
    }
    add(checkpoint, "conv2d", 7 * k + 6, "kernel", (const uint32_t[]){4, 4, 1, 2}, 4, seed);
    add(checkpoint, "conv2d", 7 * k + 6, "bias", (const uint32_t[]){2}, 1, seed);
}

static int
by_name(const void* a, const void* b)
{
    return strcmp(((const ub_test_tensor*)a)->name, ((const ub_test_tensor*)b)->name);
}

ub_test_checkpoint*
ub_test_spleeter(unsigned networks, uint64_t seed)
{
    ub_test_checkpoint* checkpoint = (ub_test_checkpoint*)calloc(1, sizeof(ub_test_checkpoint));
    checkpoint->shards = 1;
    for (unsigned k = 0; k < networks; ++k) {
        add_network(checkpoint, k, seed);
    }
    // A count of 8 bytes, as TensorFlow has it
    ub_test_add_tensor(checkpoint, "global_step", (const uint32_t[]){2}, 1, seed)->type = 9;
    ub_test_tensor_of(checkpoint, "global_step")->rank = 0;
    qsort(checkpoint->tensor, checkpoint->count, sizeof(ub_test_tensor), by_name);
    return checkpoint;
}

void
ub_test_checkpoint_free(ub_test_checkpoint* checkpoint)
{
    for (size_t i = 0; i < checkpoint->count; ++i) {
        free(checkpoint->tensor[i].values);
    }
    free(checkpoint);
}
