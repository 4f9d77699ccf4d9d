// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/import/table.h"

#include "model/file/error.h"
#include "model/import/crc32c.h"

#include <string.h>

#define FOOTER      48U ///< bytes: two places, zeros, 8 bytes of magic
#define MAGIC       0xDB4775248B80FB57U
#define MAX_BLOCKS  4096U
#define MAX_ENTRIES 4096U

/** A walk through a table. */
typedef struct {
    const char* name;
    ub_bytes table;
    ub_table_visitor visitor;
    void* context;
    uint64_t end;           ///< Of the block before, bytes
    size_t blocks;          ///< Seen
    size_t entries;         ///< Seen, in all blocks
    char key[UB_TABLE_KEY]; ///< The key before, of all blocks
    char* err;
    size_t err_size;
} walk;

static bool
fail(const walk* w, const char* what)
{
    return ub_error(w->err, w->err_size, "%s: %s", w->name, what);
}

/// Get the block at a place, which is taken from bytes, with its trailer checked
static bool
find_block(const walk* w, ub_bytes* place, ub_bytes* block)
{
    uint64_t offset = 0;
    uint64_t size = 0;
    uint64_t type = 0;
    uint64_t crc = 0;
    ub_bytes skipped;
    ub_bytes rest = w->table;
    if (!ub_take_varint(place, &offset) || !ub_take_varint(place, &size)) {
        return fail(w, "damaged: a block's place is cut short");
    }
    if (!ub_take_bytes(&rest, offset, &skipped) || !ub_take_bytes(&rest, size, block) ||
        !ub_take_fixed(&rest, 1, &type) || !ub_take_fixed(&rest, 4, &crc)) {
        return fail(w, "damaged: a block lies beyond its end (is it truncated?)");
    }
    if (ub_masked_crc32c((ub_bytes){block->at, block->size + 1}) != crc) {
        return fail(w, "damaged: a block's checksum differs");
    }
    return type == 0 || fail(w, "a block is compressed (expected none that is)");
}

/// Cut a block's tail off: where keys begin anew, 4 bytes each, and how many these are
static bool
cut_restarts(const walk* w, ub_bytes* block)
{
    uint64_t restarts = 0;
    if (block->size < 4) {
        return fail(w, "damaged: a block is too short");
    }
    block->size -= 4;
    ub_bytes tail = {block->at + block->size, 4};
    if (!ub_take_fixed(&tail, 4, &restarts) || restarts > block->size / 4) {
        return fail(w, "damaged: a block is too short");
    }
    block->size -= 4 * (size_t)restarts;
    return true;
}

/// Take an entry from a block; key, [UB_TABLE_KEY], holds the one before
static bool
take_entry(const walk* w, ub_bytes* block, char* key, ub_bytes* value)
{
    uint64_t shared = 0;
    uint64_t fresh = 0;
    uint64_t length = 0;
    ub_bytes part;
    if (!ub_take_varint(block, &shared) || !ub_take_varint(block, &fresh) ||
        !ub_take_varint(block, &length) || !ub_take_bytes(block, fresh, &part) ||
        !ub_take_bytes(block, length, value) || shared > strlen(key)) {
        return fail(w, "damaged: an entry is cut short");
    }
    if (shared + fresh >= UB_TABLE_KEY || memchr(part.at, 0, part.size)) {
        return fail(w, "a name is too long, or holds a zero");
    }
    memcpy(key + shared, part.at, part.size);
    key[shared + fresh] = '\0';
    return true;
}

static bool
visit_block(walk* w, ub_bytes block)
{
    char key[UB_TABLE_KEY] = "";
    ub_bytes value;
    while (block.size) {
        if (!take_entry(w, &block, key, &value)) {
            return false;
        }
        if (++w->entries > MAX_ENTRIES) {
            return fail(w, "more than 4096 entries");
        }
        if (w->entries > 1 && strcmp(key, w->key) <= 0) {
            return ub_error(w->err, w->err_size, "%s: damaged: %s comes after %s", w->name, key,
                            w->key);
        }
        memcpy(w->key, key, sizeof(key));
        if (!w->visitor(w->context, key, value, w->err, w->err_size)) {
            return false;
        }
    }
    return true;
}

/// Visit the blocks that the index tells of
static bool
visit_blocks(walk* w, ub_bytes index)
{
    char key[UB_TABLE_KEY] = "";
    ub_bytes place;
    ub_bytes block;
    while (index.size) {
        if (!take_entry(w, &index, key, &place)) {
            return false;
        }
        if (++w->blocks > MAX_BLOCKS) {
            return fail(w, "more than 4096 blocks");
        }
        if (!find_block(w, &place, &block) || !cut_restarts(w, &block)) {
            return false;
        }
        // One after the other, so that no byte is read twice
        const uint64_t begin = (uint64_t)(block.at - w->table.at);
        if (begin < w->end) {
            return fail(w, "damaged: blocks overlap");
        }
        w->end = begin + block.size;
        if (!visit_block(w, block)) {
            return false;
        }
    }
    return true;
}

bool
ub_table_visit(const char* name, ub_bytes table, ub_table_visitor visitor, void* context, char* err,
               size_t err_size)
{
    walk w = {.name = name,
              .table = table,
              .visitor = visitor,
              .context = context,
              .err = err,
              .err_size = err_size};
    uint64_t magic = 0;
    uint64_t unused = 0;
    ub_bytes index;
    if (table.size < FOOTER) {
        return fail(&w, "not a checkpoint's index, or truncated");
    }
    ub_bytes places = {table.at + table.size - FOOTER, FOOTER - 8};
    ub_bytes last = {table.at + table.size - 8, 8};
    if (!ub_take_fixed(&last, 8, &magic) || magic != MAGIC) {
        return fail(&w, "not a checkpoint's index, or truncated");
    }
    if (!ub_take_varint(&places, &unused) || !ub_take_varint(&places, &unused)) {
        return fail(&w, "damaged: its footer is");
    }
    return find_block(&w, &places, &index) && cut_restarts(&w, &index) && visit_blocks(&w, index);
}
