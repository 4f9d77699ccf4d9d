// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_RUN_MODEL_H
#define UB_TESTS_RUN_MODEL_H

/**
   @file
   Masks of a model, whatever U-Nets they come of.
*/

#include "model/backend/backend.h"

#define UB_TEST_CONDITIONS 4

/// Masks of up to UB_TEST_CONDITIONS conditions for the same window, in one run.
/// @param thorough As a job is (see masks.h).
/// @param masks Each [channels][count][bins].
/// @return False if the backend failed.
bool ub_test_masks(const ub_backend* backend, ub_runner* runner, const ub_model* model,
                   const float* input, bool thorough, uint32_t conditions,
                   float condition[UB_TEST_CONDITIONS][UB_NET_SOURCES], uint32_t first,
                   uint32_t count, float* const* masks);

#endif // UB_TESTS_RUN_MODEL_H
