// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONTEST_H
#define UB_MODEL_CONTEST_H

/**
   @file
   Whether a device is to compute what a processor could, when nobody has said: it must
   give the same mask of a chunk, and sooner.
*/

#include "model/backend.h"

#define UB_CONTEST_SNR 45.0 ///< dB, to which the masks must agree

/// Let both compute a chunk of noise, from memory to memory, a few times, the processor with
/// as many threads.  Takes about a second, most of it to make the device ready.  Returns whether the device is to be used,
/// and one line on why.
bool ub_contest(const ub_model* model, const ub_backend* device, const ub_backend* processor,
                unsigned threads, char* why, size_t why_size);

#endif // UB_MODEL_CONTEST_H
