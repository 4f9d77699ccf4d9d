// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_TEST_ONE_MODEL_H
#define UB_TEST_ONE_MODEL_H

/**
   @file
   One random model, `model`, for all tests of a program; setup and teardown are for its group.
*/

#include "tests/unit/make_model.h"

static const ub_model* model;

static int
setup(void** state)
{
    (void)state;
    const ub_test_model_options options = {.seed = 3};
    model = ub_test_open_model(&options);
    return model ? 0 : -1;
}

static int
teardown(void** state)
{
    (void)state;
    ub_model_unref(model);
    return 0;
}

#endif // UB_TEST_ONE_MODEL_H
