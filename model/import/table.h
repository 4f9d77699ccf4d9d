// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_IMPORT_TABLE_H
#define UB_MODEL_IMPORT_TABLE_H

/**
   @file
   A LevelDB table: sorted keys with values
   (https://github.com/google/leveldb/blob/main/doc/table_format.md).

   Blocks of entries, a block that says where they are, a footer.  A key is
   stored as what it does not share with the beginning of the one before it.
   Checksums, order and counts are checked; compressed blocks are refused, as
   TensorFlow writes none.
*/

#include "model/import/bytes.h"

#define UB_TABLE_KEY 256 ///< Room for a key with its zero

/**
   Told of each entry, in order of keys.

   @param key A string, of which no byte is zero.
   @return False with one line in err to stop.
*/
typedef bool (*ub_table_visitor)(void* context, const char* key, ub_bytes value, char* err,
                                 size_t err_size);

/// Visit all entries of a table.  False with one line in err, that begins with the name.
bool ub_table_visit(const char* name, ub_bytes table, ub_table_visitor visitor, void* context,
                    char* err, size_t err_size);

#endif // UB_MODEL_IMPORT_TABLE_H
