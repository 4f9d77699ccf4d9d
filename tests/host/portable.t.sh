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

capped() {
    env DNNL_MAX_CPU_ISA="$1" OPENBLAS_CORETYPE="$2" "$golden" 'masks_are_right_o*'
}
check "AVX-512 without its 16-bit formats" capped AVX512_CORE SkylakeX
check "AVX2" capped AVX2 Haswell
check "SSE4.1" capped SSE41 Nehalem
plan
