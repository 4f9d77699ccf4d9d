#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# A bundle whose model is missing or broken: the mix passes on, delayed, and the
# status and one line of text say so.
. tests/host/lib.sh

bundle "$T/broken"
model=$T/broken/unbraid.lv2/default.safetensors
"$WAVE" make "$T/in.wav" 48000 100000

dry() {
    LV2_PATH=$T/broken "$HOST" -a "$T/in.wav" "$T/out.wav" >"$T/said" 2>"$T/err" || return 1
    cat "$T/said" "$T/err"
    grep -q 'late 0 status 0 ' "$T/said" && [ "$(grep -c '^unbraid: ' "$T/err")" = 1 ] &&
        same "$T/in.wav" "$T/out.wav" 0 1e-5
}
check "no model" dry
: >"$model"
check "an empty model" dry
head -c 100000 "$BUILD/unbraid.lv2/default.safetensors" >"$model"
check "a truncated model" dry
head -c 100000 /dev/urandom >"$model"
check "a model of noise" dry
check "windows say why" env LV2_PATH="$T/broken" "$BUILD/tests/host/check_model"

sound() {
    "$HOST" "$T/in.wav" "$T/out.wav" | tee "$T/said"
    ! grep -q 'status 0 ' "$T/said" && differ "$T/in.wav" "$T/out.wav" 1e-3
}
check "the bundle's own model" sound
stems() {
    LV2_PATH=$T/broken "$HOST" -a -u urn:unbraid:stems "$T/in.wav" "$T/out.wav" 2>/dev/null
}
check "stems without a model" stems

"$BUILD/tests/host/cli_tool" model "$T/small.safetensors" 4 2 44100
bundle "$T/small" "$T/small.safetensors"
# Every backend has a status of its own; the message about a wrong name lists them
named() {
    UNBRAID_BACKEND=wrong "$HOST" "$T/in.wav" "$T/out.wav" 2>&1 >/dev/null | tee "$T/err"
    for backend in $(sed -n 's/.*(expected auto, \(.*\)).*/\1/p' "$T/err" | tr -d ,); do
        said=$(LV2_PATH=$T/small UNBRAID_BACKEND=$backend "$HOST" -s amount=0 "$T/in.wav" "$T/out.wav")
        echo "$backend: $said"
        case $said in
        *" status 0 "* | *" status 9 "*) return 1 ;;
        *" status "*) seen=$backend ;;
        esac
    done
    [ -n "${seen:-}" ]
}
check "the status names every backend" named
plan
