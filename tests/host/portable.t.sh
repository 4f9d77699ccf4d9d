#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Masks are as right with lesser vector instructions as with the best. Runs in
# the repository's root.
. tests/host/lib.sh
golden=$BUILD/asan/tests/unit/test_golden
if [ ! -x "$golden" ]; then
    echo "1..0 # SKIP $golden is not built"
    exit 0
fi

# capped NAME FLAG ISA CORETYPE: where the processor has as much, which its FLAG tells.
# OpenBLAS runs the kernels it is told to, whether the processor can or not.
capped() {
    if grep -qw "$2" /proc/cpuinfo; then
        check "$1" env DNNL_MAX_CPU_ISA="$3" OPENBLAS_CORETYPE="$4" "$golden" 'masks_are_right_o*'
    else
        skip "$1" "the processor has no $2"
    fi
}
capped "AVX-512 without its 16-bit formats" avx512bw AVX512_CORE SkylakeX
capped "AVX2" avx2 AVX2 Haswell
capped "SSE4.1" sse4_1 SSE41 Nehalem
plan
