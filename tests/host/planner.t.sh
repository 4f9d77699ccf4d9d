#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# Beside plugins that make FFTW plans whenever they like.
. tests/host/lib.sh
thin_bundle
"$BUILD/tests/host/cli_tool" model "$T/other.safetensors" 4 1 44100

survive() {
    for run in $(seq 12); do
        timeout 120 "$BUILD/tests/host/check_planner" "$T/other.safetensors" || {
            echo "run $run ended with $?"
            return 1
        }
    done
}

borrowed() { nm -D --undefined-only "$BUILD/unbraid.lv2/unbraid.so" | grep fftw; }

check "the plugin survives 12 of 12 runs beside another that plans" survive
if borrowed >"$T/log"; then
    fail "it shares no planner with others"
    sed 's/^/# /' "$T/log"
else
    pass "it shares no planner with others"
fi
plan
