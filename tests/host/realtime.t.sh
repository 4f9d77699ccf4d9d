#!/bin/sh
# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
#
# run() under a guard that ends the program at the first call that may block.
. tests/host/lib.sh

guarded() { LD_PRELOAD=$BUILD/tests/host/guard.so "$BUILD/tests/host/check_realtime" "$@"; }
caught() {
    guarded --break
    [ $? = 134 ] # SIGABRT
}
check "the guard catches an allocation" caught
"$BUILD/tests/host/cli_tool" model "$T/other.safetensors" 4 2 44100
# With its own model on the CPU alone, and with a small one, and a GPU to change to
export UNBRAID_CUDA_LIBRARY="$T/absent.so"
guarded "$T/other.safetensors" >"$T/tap"
status=$?
bundle "$T/app" "$T/other.safetensors"
cp "$T/other.safetensors" "$T/another.safetensors"
LV2_PATH=$T/app UNBRAID_CUDA_LIBRARY=$BUILD/tests/gpu/standin.so \
    guarded "$T/another.safetensors" >>"$T/tap" || status=$?
sed -n "s/^\(not \)*ok [0-9]* - \(.*\)/\1ok \2/p" "$T/tap" >"$T/results"
while read -r result name; do
    case $result in
    ok) pass "$name" ;;
    *) fail "$name" ;;
    esac
done <"$T/results"
ended() { [ "$status" = 0 ]; }
check "nothing was caught in run()" ended
plan
