// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#include "model/backend/cuda/up.h"

#include "model/cuda/abi.h"
#include "model/file/environment.h"

#include <string.h>

static uint32_t
phases_of(const ub_layer* layer)
{
    return layer->stride[0] * layer->stride[1];
}

bool
ub_cuda_wants_fused(void)
{
    const char* wanted = ub_environment(UB_ENV_CUDA_CONV);
    return wanted && !strcmp(wanted, "fused");
}

ub_cuda_up
ub_cuda_choose_up(const ub_layer* layer)
{
    static const char* const names[] = {"gradient", "grouped", "phases"};
    const char* wanted = ub_environment(UB_ENV_CUDA_UP);
    for (int i = 0; wanted && i < 3; ++i) {
        if (!strcmp(wanted, names[i])) {
            return (ub_cuda_up)i;
        }
    }
    return phases_of(layer) * layer->filters <= UB_CUDA_LANES ? UB_UP_GROUPED
           : ub_cuda_wants_fused()                            ? UB_UP_PHASES
                                                              : UB_UP_GRADIENT;
}

uint32_t
ub_cuda_tensors(const ub_layer* layer)
{
    return layer->transposed && ub_cuda_choose_up(layer) == UB_UP_PHASES ? phases_of(layer) : 1;
}

uint32_t
ub_cuda_padded(uint32_t channels)
{
    return (channels + UB_CUDA_LANES - 1) / UB_CUDA_LANES * UB_CUDA_LANES;
}
