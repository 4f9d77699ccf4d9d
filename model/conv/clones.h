// Copyright 2026 The Unbraid authors
// SPDX-License-Identifier: MIT

#ifndef UB_MODEL_CONV_CLONES_H
#define UB_MODEL_CONV_CLONES_H

/**
   @file
   Functions built once for each generation of x86-64 processors.
*/

// The best build is chosen when the program starts, which is too early for the code that
// sanitizers add
#if defined(__x86_64__) && defined(__linux__) && __GNUC__ >= 12 && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define UB_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define UB_CLONES
#endif

// The small functions must become part of every build
#define UB_INLINE static inline __attribute__((always_inline))

#endif // UB_MODEL_CONV_CLONES_H
