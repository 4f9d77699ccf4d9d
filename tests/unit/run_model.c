// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "tests/unit/run_model.h"

#include "model/network/masks.h"

#include <stdlib.h>
#include <string.h>

bool
ub_test_masks(const ub_backend* backend, ub_runner* runner, const ub_model* model,
              const float* input, bool thorough, uint32_t conditions,
              float condition[UB_TEST_CONDITIONS][UB_NET_SOURCES], uint32_t first, uint32_t count,
              float* const* masks)
{
    const ub_network* net = &model->net;
    const size_t size = (size_t)net->channels * count * net->bins;
    ub_item items[UB_TEST_CONDITIONS * UB_MASK_PASSES] = {{.input = NULL}};
    uint32_t begin[UB_TEST_CONDITIONS + 1] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < conditions; ++i) {
        ub_pass passes[UB_MASK_PASSES];
        const uint32_t n_passes = ub_mask_passes(net, thorough, condition[i], passes);
        for (uint32_t k = 0; k < n_passes; ++k) {
            ub_folded* folded = ub_folded_new(model);
            ub_fold(model, passes[k].unet, passes[k].condition, folded);
            items[n++] = (ub_item){
                .input = input, .folded = folded, .mask = (float*)malloc(size * sizeof(float))};
        }
        begin[i + 1] = n;
    }
    const bool ok = backend->run(runner, items, n, first, count);
    for (uint32_t i = 0; i < conditions; ++i) {
        const float* output[UB_MASK_PASSES] = {NULL};
        for (uint32_t k = begin[i]; k < begin[i + 1]; ++k) {
            output[k - begin[i]] = items[k].mask;
        }
        const ub_mask_parts parts = {output, input, first, count};
        if (ub_mask_is_made(net)) {
            const float* const wanted = condition[i];
            ub_masks_make(net, thorough, 1, &wanted, &parts, &masks[i]);
        } else {
            memcpy(masks[i], output[0], size * sizeof(float));
        }
    }
    for (uint32_t i = 0; i < n; ++i) {
        ub_folded_free((ub_folded*)items[i].folded);
        free(items[i].mask);
    }
    return ok;
}
