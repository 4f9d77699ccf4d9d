// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TESTS_STUB_CLIENT_H
#define UB_TESTS_STUB_CLIENT_H

/**
   @file
   A stream made up for tests, on models that the stub device takes.  What fails ends
   the test.
*/

#include "model/engine/engine.h"

ub_client* stub_client_new(ub_engine* engine, const ub_model* model);

/// One job for the newest `count` frames of 4, which hold the value `who`
void stub_client_ask(ub_client* client, float who, uint32_t count, double budget, double expiry);

/// Wait for the next answer.
ub_job* stub_client_answer(ub_client* client);

#endif // UB_TESTS_STUB_CLIENT_H
