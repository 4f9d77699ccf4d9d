// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/*
  A libcuda.so.1 that lets the real unbraid_cuda.so, with the real CUDA runtime in it, meet
  a driver that is of no use: the environment's UNBRAID_DRIVER says in what way.
  - "old": for CUDA 11.4
  - "none": there is no device
  - anything else: it cannot be initialised
  All of its functions fail alike.
*/

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN __attribute__((visibility("default")))

enum { SUCCESS = 0, NO_DEVICE = 100, UNKNOWN = 999 };

typedef void (*function)(void);

SHOWN int cuInit(unsigned flags);
SHOWN int cuDriverGetVersion(int* version);
SHOWN int cuGetProcAddress(const char* name, function* address, int version, uint64_t flags);
SHOWN int cuGetProcAddress_v2(const char* name, function* address, int version, uint64_t flags,
                              int* status);

static int
is(const char* way)
{
    const char* asked = getenv("UNBRAID_DRIVER");
    return asked && !strcmp(asked, way);
}

int
cuInit(unsigned flags)
{
    (void)flags;
    return is("none") ? NO_DEVICE : UNKNOWN;
}

int
cuDriverGetVersion(int* version)
{
    *version = is("old") ? 11040 : 13000;
    return SUCCESS;
}

static int
refuse(void)
{
    return cuInit(0);
}

int
cuGetProcAddress_v2(const char* name, function* address, int version, uint64_t flags, int* status)
{
    (void)version, (void)flags;
    *address = !strcmp(name, "cuInit")               ? (function)cuInit
               : !strcmp(name, "cuDriverGetVersion") ? (function)cuDriverGetVersion
               : !strcmp(name, "cuGetProcAddress")   ? (function)cuGetProcAddress_v2
                                                     : (function)refuse;
    if (status) {
        *status = 0;
    }
    return SUCCESS;
}

int
cuGetProcAddress(const char* name, function* address, int version, uint64_t flags)
{
    return cuGetProcAddress_v2(name, address, version, flags, NULL);
}
