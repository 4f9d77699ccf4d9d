#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# The choice of processor while the plugin plays, with a stand-in for a GPU.
. tests/host/lib.sh
unset UNBRAID_BACKEND
"$BUILD/tests/host/cli_tool" model "$T/small" 4 2 44100 # the stand-in is slow
bundle "$T/app" "$T/small"
export LV2_PATH="$T/app"
STANDIN=$BUILD/tests/gpu/standin.so

# program LIBRARY WHAT: check_processor with that in place of unbraid_cuda.so
program() { UNBRAID_CUDA_LIBRARY=$1 "$BUILD/tests/host/check_processor" "$2"; }
check "from the CPU to the GPU" program "$STANDIN" change
check "to a GPU that is not there" program "$T/absent.so" refuse
check "the environment goes before the port" env UNBRAID_BACKEND=cpu \
    "UNBRAID_CUDA_LIBRARY=$STANDIN" "$BUILD/tests/host/check_processor" ruled

# A GPU that agreed and fails while it plays: the host is told why
"$WAVE" make "$T/in.wav" 44100 132300
fails() {
    UNBRAID_CUDA_LIBRARY=$STANDIN UNBRAID_STANDIN=error:15 \
        "$HOST" "$T/in.wav" "$T/out.wav" >"$T/said" 2>"$T/err"
    cat "$T/said" "$T/err"
    grep -q 'late 0 status [12] ' "$T/said" && [ "$(wc -l <"$T/err")" = 2 ] &&
        head -n 1 "$T/err" | grep -q '^unbraid: cuda computes: it is there and agrees' &&
        tail -n 1 "$T/err" | grep -q '^unbraid: the cuda backend failed.* takes over$'
}
check "a GPU that fails: the CPU takes over, and the log says why" fails
plan
