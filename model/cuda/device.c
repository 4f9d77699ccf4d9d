// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  unbraid_cuda.so: programs of convolutions by cuDNN, and two small kernels around them.

  A model's weights are on the device once.  A queue has a stream for what is urgent and one
  for what is not, one set of buffers for its largest batch, and for every plan one CUDA graph
  per batch size; a run copies the inputs, launches a graph and polls one event.  The CUDA
  runtime is linked in statically and looks for the driver itself when the device is first
  asked for.
*/

#include "model/cuda/queue.h"
#include "model/cuda/status.h"

#define OLDEST 75 // compute capability, times ten, that there is machine code for

static int
fail(char* err, const char* why)
{
    snprintf(err, UB_CUDA_TEXT, "%s", why);
    return 0;
}

/// Tell no driver from one that is too old: the runtime has one error for both
static int
fail_driver(char* err)
{
    int driver = 0;
    int runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    if (!driver) {
        return fail(err, "CUDA: no NVIDIA driver");
    }
    snprintf(err, UB_CUDA_TEXT,
             "CUDA: the NVIDIA driver is too old (for CUDA %d.%d, expected %d.%d)", driver / 1000,
             driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    return 0;
}

static bool
describe(int number, char* about, int* capability, char* err)
{
    struct cudaDeviceProp device;
    if (!ub_cuda_worked(cudaGetDeviceProperties(&device, number), err)) {
        return false;
    }
    *capability = 10 * device.major + device.minor;
    snprintf(about, UB_CUDA_TEXT, "%.100s, %.0f GB, compute capability %d.%d, cuDNN %zu",
             device.name, (double)device.totalGlobalMem / 1e9, device.major, device.minor,
             cudnnGetVersion());
    return true;
}

static int
probe(ub_cuda_devices* devices, char* err)
{
    int n = 0;
    int capability = 0;
    const cudaError_t status = cudaGetDeviceCount(&n);
    if (status == cudaErrorInsufficientDriver) {
        return fail_driver(err);
    }
    if (!ub_cuda_worked(status, err)) {
        return 0;
    }
    if (!n) {
        return fail(err, "CUDA: no device");
    }
    devices->n = n < (int)UB_CUDA_DEVICES ? (uint32_t)n : UB_CUDA_DEVICES;
    for (uint32_t i = devices->n; i-- > 0;) { // the first one, which is used, last
        if (!describe((int)i, devices->about[i], &capability, err)) {
            return 0;
        }
    }
    if (capability < OLDEST) {
        snprintf(err, UB_CUDA_TEXT, "%.100s: too old (expected compute capability %d.%d or more)",
                 devices->about[0], OLDEST / 10, OLDEST % 10);
        return 0;
    }
    return 1;
}

__attribute__((visibility("default"))) const ub_cuda_api* ub_cuda_open(uint32_t abi);

const ub_cuda_api*
ub_cuda_open(uint32_t abi)
{
    static const ub_cuda_api api = {.abi = UB_CUDA_ABI,
                                    .probe = probe,
                                    .model_new = ub_cuda_model_new,
                                    .model_free = ub_cuda_model_free,
                                    .queue_new = ub_cuda_queue_new,
                                    .queue_free = ub_cuda_queue_free,
                                    .prepare = ub_cuda_prepare,
                                    .fused = ub_cuda_fused_convs,
                                    .run = ub_cuda_run,
                                    .lost = ub_cuda_lost,
                                    .abandon = ub_cuda_abandon};
    return abi == UB_CUDA_ABI ? &api : NULL;
}
