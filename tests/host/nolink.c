// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

/**
   @file
   A library to preload that makes a file system of one where a file has but one name,
   as FAT and many network drives are.
*/

#include <errno.h>
#include <unistd.h>

__attribute__((visibility("default"))) int
link(const char* from, const char* to)
{
    (void)from;
    (void)to;
    errno = EPERM;
    return -1;
}
