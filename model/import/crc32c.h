// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_IMPORT_CRC32C_H
#define UB_MODEL_IMPORT_CRC32C_H

/**
   @file
   The checksum of TensorFlow's files: CRC-32C (Castagnoli; polynomial
   0x1EDC6F41, reflected), masked so that it may stand among what it sums.
*/

#include "model/import/bytes.h"

/// The checksum of some bytes, as it stands in a file
uint32_t ub_masked_crc32c(ub_bytes bytes);

#endif // UB_MODEL_IMPORT_CRC32C_H
