// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_ENGINE_CONTEST_H
#define UB_MODEL_ENGINE_CONTEST_H

/**
   @file
   Whether a device, or the processor in less precision, is to compute what the processor
   could, when nobody has said: it must give the same mask of a chunk, and sooner.
*/

#include "model/backend/backend.h"

#define UB_CONTEST_SNR 45.0 ///< dB, to which the masks must agree

/** A processor's runner that has won.  It keeps the weights packed for who runs them next. */
typedef struct {
    const ub_backend* backend;
    ub_runner* runner; ///< NULL for none
} ub_winner;

/// Let both compute a chunk of noise, from memory to memory, a few times.
/// Takes about a second with a device, most of it to make it ready, else what it
/// takes to pack the weights and compute some chunks.  Returns whether the challenger is to be
/// used, and one line on why.
/// @param winner Filled in; to be dropped.
bool ub_contest(const ub_model* model, const ub_backend* challenger, const ub_backend* processor,
                ub_winner* winner, char* why, size_t why_size);

void ub_winner_drop(ub_winner* winner);

#endif // UB_MODEL_ENGINE_CONTEST_H
