// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_CHUNK_H
#define UB_MODEL_CONV_CHUNK_H

/**
   @file
   Some lines of a convolution of some images: the inputs as the terms read them, the
   products, the outputs.
*/

#include "model/conv/pack.h"

/** A line of a job. */
typedef struct {
    int64_t line;
    uint32_t job;
    ub_span taps; ///< Whose input frames are in the image
} ub_conv_slot;

/** Where a tile of a line has its first input. */
typedef struct {
    uint32_t row; ///< job * rows + input frame
    uint32_t tile;
} ub_conv_pixel;

typedef struct {
    const ub_conv* conv;
    const ub_conv_job* jobs; ///< [n][each]
    uint32_t n;              ///< Inputs; what is a job's below is theirs
    uint32_t each;           ///< Jobs of each input
    int64_t first;           ///< Line
    uint32_t lines;          ///< Count
    ub_span wanted;          ///< Output frames that are written
    char* memory;

    int64_t row;                           ///< First input frame
    uint32_t rows;                         ///< Input frames
    float* input[UB_CONV_TERMS];           ///< [job][row][tile]
    float* product[UB_CONV_TERMS];         ///< [slot][tile][width]
    ub_conv_slot* slots;                   ///< Lines of all jobs, class by class
    ub_conv_pixel* pixels;                 ///< [slot][tile]
    uint32_t class_at[UB_CONV_PHASES + 1]; ///< Where each class begins in the slots
    float* zeros;                          ///< For inputs outside the image
    float* spare;                          ///< For outputs outside the image
    float* raw;                            ///< A mask's line, [position of bins][columns]
} ub_conv_chunk;

/// Bytes of memory for some lines of n jobs
size_t ub_conv_chunk_size(const ub_conv* conv, uint32_t n, uint32_t lines);

/// Set up a chunk whose first part is filled in, in that memory
void ub_conv_chunk_begin(ub_conv_chunk* chunk, char* memory);

/// Transform input frame k of n * rows
void ub_conv_chunk_transform(const ub_conv_chunk* chunk, uint32_t k);

/// Compute the products of panel k of the weights
void ub_conv_chunk_multiply(const ub_conv_chunk* chunk, uint32_t k);

/// Finish line k of n * lines
void ub_conv_chunk_finish(const ub_conv_chunk* chunk, uint32_t k);

#endif // UB_MODEL_CONV_CHUNK_H
